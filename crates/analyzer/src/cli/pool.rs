//! Work shared by threads whose results come in the order of the tasks, with no more than a window of them held.
//!
//! The threads take tasks from one iterator; a thread that is too far ahead of the consumer waits. So the memory that a
//! tree takes does not depend on its size.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Results a thread may be ahead of the consumer.
const WINDOW: usize = 32;

/// The compiler recurses as deeply as its input nests.
const STACK: usize = 256 << 20;

struct Results<R> {
    /// The next one to be consumed.
    next: usize,
    waiting: BTreeMap<usize, R>,
    /// Threads that may still bring some.
    workers: usize,
    stopped: bool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // No thread panics while it holds one of the locks.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn wait<'a, T>(condition: &Condvar, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
    condition.wait(guard).unwrap_or_else(PoisonError::into_inner)
}

/// Does `work` on every task in some thread, and gives `consume` the results in the tasks' order, until it fails.
///
/// `work` must not panic.
pub(super) fn in_order<T, R: Send, E>(
    tasks: impl Iterator<Item = T> + Send,
    threads: usize,
    work: &(dyn Fn(T) -> R + Sync),
    consume: &mut dyn FnMut(R) -> Result<(), E>,
) -> Result<(), E> {
    if threads < 2 {
        return tasks.map(work).try_for_each(consume);
    }
    // The number of the next task, and the tasks.
    let tasks = Mutex::new((0, tasks));
    let results = Mutex::new(Results { next: 0, waiting: BTreeMap::new(), workers: threads, stopped: false });
    let (ready, room) = (Condvar::new(), Condvar::new());
    let worker = || {
        loop {
            let (number, task) = {
                // Who has this lock is the one to take the next task, and waits until there is room for its result.
                let mut tasks = lock(&tasks);
                let mut results = lock(&results);
                while tasks.0 >= results.next + WINDOW * threads && !results.stopped {
                    results = wait(&room, results);
                }
                if results.stopped {
                    break;
                }
                drop(results);
                let Some(task) = tasks.1.next() else { break };
                tasks.0 += 1;
                (tasks.0 - 1, task)
            };
            let result = work(task);
            lock(&results).waiting.insert(number, result);
            ready.notify_one();
        }
        lock(&results).workers -= 1;
        ready.notify_one();
    };
    std::thread::scope(|scope| {
        let spawn = |_: &usize| std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, worker).is_ok();
        let spawned = (0..threads).filter(spawn).count();
        lock(&results).workers -= threads - spawned;
        // Without a thread this one does it all.
        if spawned == 0 {
            let mut tasks = lock(&tasks);
            for task in tasks.1.by_ref() {
                consume(work(task))?;
            }
        }
        let mut outcome = Ok(());
        loop {
            let result = {
                let mut results = lock(&results);
                loop {
                    let next = results.next;
                    if let Some(result) = results.waiting.remove(&next) {
                        results.next += 1;
                        room.notify_all();
                        break Some(result);
                    }
                    if results.workers == 0 {
                        break None;
                    }
                    results = wait(&ready, results);
                }
            };
            let Some(result) = result else { break };
            outcome = consume(result);
            if outcome.is_err() {
                lock(&results).stopped = true;
                room.notify_all();
                break;
            }
        }
        outcome
    })
}

#[cfg(test)]
mod tests {
    use super::in_order;

    #[test]
    fn results_come_in_order_and_a_failure_ends_it() {
        for threads in [1, 2, 5] {
            let mut seen = Vec::new();
            let work = |n: u64| {
                std::thread::yield_now();
                n * 2
            };
            let all: Result<(), ()> = in_order(0..1000, threads, &work, &mut |n| {
                seen.push(n);
                Ok(())
            });
            assert_eq!((all, seen), (Ok(()), (0..1000).map(|n| n * 2).collect()));
            let mut count = 0;
            let cut = in_order(0..u64::MAX, threads, &work, &mut |_| {
                count += 1;
                if count == 10 { Err("enough") } else { Ok(()) }
            });
            assert_eq!((cut, count), (Err("enough"), 10));
        }
    }
}
