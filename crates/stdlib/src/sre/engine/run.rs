//! Running code at one place of the subject.

use super::program::{Case, at, category, is_word_unicode, literal_fits, op};
use super::{Failure, MAX_REPEAT, Program, Unit};

/// A position no mark has.
pub const UNSET: usize = usize::MAX;
/// "No repeat is open."
const NONE: u32 = u32::MAX;
/// Records on the stack beyond which memory is taken to be out.
const MOST_RECORDS: usize = 1 << 27;

/// What failure finds on the stack.
enum Record {
    // Choices.
    /// The alternative whose skip word is at `code`.
    Branch {
        code: u32,
        at: usize,
    },
    /// A greedy repeat of one-character items that may give one back: it took `count` from `start` on.
    Greedy {
        code: u32,
        start: usize,
        count: usize,
    },
    /// A lazy repeat of one-character items that may take one more.
    Lazy {
        code: u32,
        at: usize,
        count: u32,
    },
    /// What follows the repeat, in place of one more round.
    Tail {
        repeat: u32,
        at: usize,
    },
    /// One more round, in place of what follows the repeat.
    Round {
        repeat: u32,
        at: usize,
        count: u32,
    },
    // Changes.
    Mark {
        index: u32,
        old: usize,
    },
    LastIndex {
        old: i32,
    },
    Counters {
        repeat: u32,
        count: u32,
        last: usize,
    },
    Current {
        repeat: u32,
    },
    /// A repeat was opened; the one before it was `repeat`.
    Opened {
        repeat: u32,
    },
    // Barriers.
    /// A sub-pattern that begins at `at`; `code` is its operation, `rounds` counts those of a possessive repeat.
    Barrier {
        code: u32,
        at: usize,
        rounds: u32,
    },
}

struct Repeat {
    /// The operation `REPEAT`.
    code: u32,
    /// Rounds finished.
    count: u32,
    /// Where the last round began, so that empty rounds end.
    last: usize,
    previous: u32,
}

/// What a machine works with; kept from one search to the next for its memory.
pub struct Scratch {
    /// Begin and end of each group, or [`UNSET`].
    pub marks: Vec<usize>,
    pub last_index: i32,
    stack: Vec<Record>,
    barriers: Vec<usize>,
    repeats: Vec<Repeat>,
    current: u32,
}

impl Default for Scratch {
    fn default() -> Scratch {
        Scratch {
            marks: Vec::new(),
            last_index: -1,
            stack: Vec::new(),
            barriers: Vec::new(),
            repeats: Vec::new(),
            current: NONE,
        }
    }
}

impl Scratch {
    /// Whether it has grown so large that it is better given back.
    pub fn is_large(&self) -> bool {
        self.stack.capacity() > 1 << 14 || self.repeats.capacity() > 1 << 14
    }
}

/// One subject under one pattern.
pub struct Machine<'a, U> {
    pub program: &'a Program,
    /// The subject up to where the search ends.
    pub text: &'a [U],
    /// The whole text must match.
    pub whole: bool,
    /// A match that is empty at the place where it begins does not count.
    pub must_advance: bool,
    /// Where the match in question begins and, when found, ends.
    pub start: usize,
    pub end: usize,
    pub scratch: &'a mut Scratch,
}

/// Where matching goes on.
enum Next {
    At(usize, usize),
    /// Nothing is left to try.
    Failed,
}

impl<'a, U: Unit> Machine<'a, U> {
    pub fn new(program: &'a Program, groups: usize, text: &'a [U], scratch: &'a mut Scratch) -> Machine<'a, U> {
        scratch.marks.clear();
        scratch.marks.resize(2 * groups, UNSET);
        scratch.last_index = -1;
        Machine { program, text, whole: false, must_advance: false, start: 0, end: 0, scratch }
    }

    /// Forgets what the last attempt left.
    pub fn begin(&mut self, start: usize) {
        self.start = start;
        let scratch = &mut *self.scratch;
        scratch.marks.fill(UNSET);
        scratch.last_index = -1;
        scratch.stack.clear();
        scratch.barriers.clear();
        scratch.repeats.clear();
        scratch.current = NONE;
    }

    /// Runs from `code` at `position`; on success `end` is where the match ends.
    pub fn run(&mut self, code: usize, position: usize) -> Result<bool, Failure> {
        let program = self.program;
        let codes: &[u32] = &program.codes;
        let text = self.text;
        let (mut pc, mut pos) = (code, position);
        macro_rules! fail {
            () => {{
                match self.fail()? {
                    Next::At(code, position) => {
                        (pc, pos) = (code, position);
                        continue;
                    }
                    Next::Failed => return Ok(false),
                }
            }};
        }
        macro_rules! one {
            ($length:expr, $test:expr) => {{
                match text.get(pos) {
                    Some(unit) if $test((*unit).into()) => {
                        pc += $length;
                        pos += 1;
                    }
                    _ => fail!(),
                }
            }};
        }
        loop {
            match codes[pc] {
                op::LITERAL => one!(2, |c: u32| c == codes[pc + 1]),
                op::IN | op::IN_IGNORE | op::IN_UNI_IGNORE | op::IN_LOC_IGNORE => {
                    one!(1 + codes[pc + 1] as usize, |c: u32| program.is_in(pc, c))
                }
                op::NOT_LITERAL => one!(2, |c: u32| c != codes[pc + 1]),
                op::ANY => one!(1, |c: u32| c != 10),
                op::ANY_ALL => one!(1, |_| true),
                op::CATEGORY => one!(2, |c: u32| category(codes[pc + 1], c)),
                op::MARK => {
                    self.set_mark(codes[pc + 1], pos);
                    pc += 2;
                }
                op::REPEAT_ONE => {
                    let (least, most) = (codes[pc + 2] as usize, codes[pc + 3]);
                    let count = self.count(pc + 4, pos, most);
                    if count < least {
                        fail!();
                    }
                    let tail = pc + 1 + codes[pc + 1] as usize;
                    if count == least {
                        (pc, pos) = (tail, pos + count);
                        continue;
                    }
                    match self.give_back(pc, pos, count) {
                        Some(count) => (pc, pos) = (tail, pos + count),
                        None => fail!(),
                    }
                }
                op::MIN_REPEAT_ONE => {
                    let least = codes[pc + 2];
                    let count = self.count(pc + 4, pos, least);
                    if count < least as usize {
                        fail!();
                    }
                    pos += count;
                    self.push(Record::Lazy { code: pc as u32, at: pos, count: least })?;
                    pc += 1 + codes[pc + 1] as usize;
                }
                op::POSSESSIVE_REPEAT_ONE => {
                    let count = self.count(pc + 4, pos, codes[pc + 3]);
                    if count < codes[pc + 2] as usize {
                        fail!();
                    }
                    pos += count;
                    pc += 1 + codes[pc + 1] as usize;
                }
                op::BRANCH => match self.alternative(pc + 1, pos)? {
                    Some(body) => pc = body,
                    None => fail!(),
                },
                op::JUMP | op::INFO => pc += 1 + codes[pc + 1] as usize,
                op::REPEAT => {
                    self.push(Record::Opened { repeat: self.scratch.current })?;
                    let opened = Repeat { code: pc as u32, count: 0, last: UNSET, previous: self.scratch.current };
                    self.scratch.current = self.scratch.repeats.len() as u32;
                    self.scratch.repeats.push(opened);
                    // The operation behind the item decides whether the item is matched at all.
                    pc += 1 + codes[pc + 1] as usize;
                    match self.until(pc, pos, true)? {
                        Some(next) => pc = next,
                        None => fail!(),
                    }
                }
                op::MAX_UNTIL | op::MIN_UNTIL => match self.until(pc, pos, false)? {
                    Some(next) => pc = next,
                    None => fail!(),
                },
                op::AT => {
                    if !self.is_at(codes[pc + 1], pos) {
                        fail!();
                    }
                    pc += 2;
                }
                op::SUCCESS => match self.scratch.barriers.last().copied() {
                    None => {
                        if (self.whole && pos != text.len()) || (self.must_advance && pos == self.start) {
                            fail!();
                        }
                        self.end = pos;
                        return Ok(true);
                    }
                    Some(barrier) => match self.pass(barrier, pos)? {
                        Next::At(code, position) => (pc, pos) = (code, position),
                        Next::Failed => fail!(),
                    },
                },
                op::FAILURE => fail!(),
                op::ASSERT | op::ASSERT_NOT => {
                    let back = codes[pc + 2] as usize;
                    if pos < back {
                        if codes[pc] == op::ASSERT {
                            fail!();
                        }
                        pc += 1 + codes[pc + 1] as usize;
                        continue;
                    }
                    self.open(pc, pos)?;
                    pos -= back;
                    pc += 3;
                }
                op::ATOMIC_GROUP => {
                    self.open(pc, pos)?;
                    pc += 2;
                }
                op::POSSESSIVE_REPEAT => {
                    let most = codes[pc + 3];
                    if most == 0 {
                        pc += 2 + codes[pc + 1] as usize;
                        continue;
                    }
                    self.open(pc, pos)?;
                    pc += 4;
                }
                op::LITERAL_IGNORE => one!(2, |c: u32| literal_fits(Case::Ascii, codes[pc + 1], c)),
                op::LITERAL_UNI_IGNORE => one!(2, |c: u32| literal_fits(Case::Unicode, codes[pc + 1], c)),
                op::LITERAL_LOC_IGNORE => one!(2, |c: u32| literal_fits(Case::Locale, codes[pc + 1], c)),
                op::NOT_LITERAL_IGNORE => one!(2, |c: u32| !literal_fits(Case::Ascii, codes[pc + 1], c)),
                op::NOT_LITERAL_UNI_IGNORE => one!(2, |c: u32| !literal_fits(Case::Unicode, codes[pc + 1], c)),
                op::NOT_LITERAL_LOC_IGNORE => one!(2, |c: u32| !literal_fits(Case::Locale, codes[pc + 1], c)),
                op::GROUPREF | op::GROUPREF_IGNORE | op::GROUPREF_UNI_IGNORE | op::GROUPREF_LOC_IGNORE => {
                    let case = match codes[pc] {
                        op::GROUPREF => Case::Exact,
                        op::GROUPREF_UNI_IGNORE => Case::Unicode,
                        _ => Case::Ascii,
                    };
                    match self.group(codes[pc + 1]) {
                        Some((a, b)) if self.same(a, b, pos, case) => {
                            pos += b - a;
                            pc += 2;
                        }
                        _ => fail!(),
                    }
                }
                op::GROUPREF_EXISTS => {
                    pc = match self.group(codes[pc + 1]) {
                        Some(_) => pc + 3,
                        None => pc + 1 + codes[pc + 2] as usize,
                    }
                }
                _ => return Err(Failure::BadCode),
            }
        }
    }

    #[inline(always)]
    fn push(&mut self, record: Record) -> Result<(), Failure> {
        if self.scratch.stack.len() >= MOST_RECORDS {
            return Err(Failure::OutOfMemory);
        }
        self.scratch.stack.push(record);
        Ok(())
    }

    /// A change needs no record when nothing can be taken back.
    #[inline(always)]
    fn note(&mut self, record: Record) {
        if !self.scratch.stack.is_empty() {
            self.scratch.stack.push(record);
        }
    }

    fn set_mark(&mut self, index: u32, pos: usize) {
        let old = self.scratch.marks[index as usize];
        self.note(Record::Mark { index, old });
        self.scratch.marks[index as usize] = pos;
        if index & 1 == 1 {
            let last = index as i32 / 2 + 1;
            if self.scratch.last_index != last {
                self.note(Record::LastIndex { old: self.scratch.last_index });
                self.scratch.last_index = last;
            }
        }
    }

    fn group(&self, index: u32) -> Option<(usize, usize)> {
        let (a, b) = (*self.scratch.marks.get(2 * index as usize)?, *self.scratch.marks.get(2 * index as usize + 1)?);
        (a != UNSET && b != UNSET && a <= b).then_some((a, b))
    }

    fn same(&self, a: usize, b: usize, pos: usize, case: Case) -> bool {
        let Some(here) = self.text.get(pos..pos + (b - a)) else { return false };
        here.iter().zip(&self.text[a..b]).all(|(x, y)| case.fold((*x).into()) == case.fold((*y).into()))
    }

    /// How many characters from `pos` on, at most `most`, fit the one-character item at `item`.
    #[inline]
    fn count(&self, item: usize, pos: usize, most: u32) -> usize {
        let program = self.program;
        let codes: &[u32] = &program.codes;
        let text = &self.text[pos..];
        let text = if most == MAX_REPEAT { text } else { &text[..text.len().min(most as usize)] };
        let many = |test: &dyn Fn(u32) -> bool| text.iter().position(|u| !test((*u).into())).unwrap_or(text.len());
        match codes[item] {
            op::IN | op::IN_IGNORE | op::IN_UNI_IGNORE | op::IN_LOC_IGNORE => {
                text.iter().position(|u| !program.is_in(item, (*u).into())).unwrap_or(text.len())
            }
            op::ANY => U::find(text, 10).unwrap_or(text.len()),
            op::ANY_ALL => text.len(),
            op::NOT_LITERAL => U::find(text, codes[item + 1]).unwrap_or(text.len()),
            op::LITERAL => {
                let c = codes[item + 1];
                text.iter().position(|u| (*u).into() != c).unwrap_or(text.len())
            }
            op::CATEGORY => many(&|c| category(codes[item + 1], c)),
            op::LITERAL_IGNORE => many(&|c| literal_fits(Case::Ascii, codes[item + 1], c)),
            op::LITERAL_UNI_IGNORE => many(&|c| literal_fits(Case::Unicode, codes[item + 1], c)),
            op::LITERAL_LOC_IGNORE => many(&|c| literal_fits(Case::Locale, codes[item + 1], c)),
            op::NOT_LITERAL_IGNORE => many(&|c| !literal_fits(Case::Ascii, codes[item + 1], c)),
            op::NOT_LITERAL_UNI_IGNORE => many(&|c| !literal_fits(Case::Unicode, codes[item + 1], c)),
            op::NOT_LITERAL_LOC_IGNORE => many(&|c| !literal_fits(Case::Locale, codes[item + 1], c)),
            _ => 0,
        }
    }

    /// A greedy repeat that may keep `count` items: how many it keeps for what follows to have a chance, with the choice to
    /// give back more on the stack; `None`: what follows fits nowhere.
    fn give_back(&mut self, pc: usize, start: usize, mut count: usize) -> Option<usize> {
        let codes: &[u32] = &self.program.codes;
        let least = codes[pc + 2] as usize;
        let tail = pc + 1 + codes[pc + 1] as usize;
        if codes[tail] == op::LITERAL {
            let c = codes[tail + 1];
            while self.text.get(start + count).is_none_or(|u| (*u).into() != c) {
                if count == least {
                    return None;
                }
                count -= 1;
            }
        }
        if count > least {
            self.scratch.stack.push(Record::Greedy { code: pc as u32, start, count });
        }
        Some(count)
    }

    /// The body of the first alternative from the skip word at `code` on that may fit, the later ones pushed as a choice.
    fn alternative(&mut self, mut code: usize, pos: usize) -> Result<Option<usize>, Failure> {
        let program = self.program;
        let codes: &[u32] = &program.codes;
        let here: Option<u32> = self.text.get(pos).map(|u| (*u).into());
        let may_fit = |body: usize| match codes[body] {
            op::LITERAL => here == Some(codes[body + 1]),
            op::IN => here.is_some_and(|c| program.is_in(body, c)),
            _ => true,
        };
        loop {
            let skip = codes[code] as usize;
            if skip == 0 {
                return Ok(None);
            }
            let (body, next) = (code + 1, code + skip);
            code = next;
            if may_fit(body) {
                // Of the others, the first that may fit too.
                while codes[code] != 0 && !may_fit(code + 1) {
                    code += codes[code] as usize;
                }
                if codes[code] != 0 {
                    self.push(Record::Branch { code: code as u32, at: pos })?;
                }
                return Ok(Some(body));
            }
        }
    }

    /// At the end of a round of the current repeat (`entering`: before its first): the next round, or what follows.
    fn until(&mut self, pc: usize, pos: usize, entering: bool) -> Result<Option<usize>, Failure> {
        let codes: &[u32] = &self.program.codes;
        let id = self.scratch.current;
        let Some(repeat) = self.scratch.repeats.get(id as usize) else { return Err(Failure::BadCode) };
        let head = repeat.code as usize;
        let (least, most) = (codes[head + 2], codes[head + 3]);
        let (before, last) = (repeat.count, repeat.last);
        let count = if entering { 0 } else { before + 1 };
        let body = head + 4;
        if count < least {
            self.start_round(id, count, last)?;
            return Ok(Some(body));
        }
        let may_go_on = (count < most || most == MAX_REPEAT) && (entering || pos != last);
        match codes[pc] {
            op::MAX_UNTIL => {
                if may_go_on {
                    self.push(Record::Tail { repeat: id, at: pos })?;
                    self.start_round(id, count, pos)?;
                    return Ok(Some(body));
                }
            }
            op::MIN_UNTIL => {
                if may_go_on {
                    self.push(Record::Round { repeat: id, at: pos, count })?;
                }
            }
            _ => return Err(Failure::BadCode),
        }
        self.leave(id);
        Ok(Some(pc + 1))
    }

    fn start_round(&mut self, id: u32, count: u32, last: usize) -> Result<(), Failure> {
        let Some(repeat) = self.scratch.repeats.get_mut(id as usize) else { return Err(Failure::BadCode) };
        let old = Record::Counters { repeat: id, count: repeat.count, last: repeat.last };
        (repeat.count, repeat.last) = (count, last);
        self.push(old)
    }

    /// The repeat is over: the one around it is current.
    fn leave(&mut self, id: u32) {
        self.note(Record::Current { repeat: self.scratch.current });
        self.scratch.current = self.scratch.repeats.get(id as usize).map_or(NONE, |r| r.previous);
    }

    fn open(&mut self, pc: usize, pos: usize) -> Result<(), Failure> {
        self.scratch.barriers.push(self.scratch.stack.len());
        self.push(Record::Barrier { code: pc as u32, at: pos, rounds: 0 })
    }

    /// The sub-pattern of the innermost barrier has matched up to `pos`.
    fn pass(&mut self, barrier: usize, pos: usize) -> Result<Next, Failure> {
        let codes: &[u32] = &self.program.codes;
        let Some(Record::Barrier { code, at, rounds }) = self.scratch.stack.get(barrier) else {
            return Err(Failure::BadCode);
        };
        let (pc, at, rounds) = (*code as usize, *at, *rounds);
        let tail = pc + 1 + codes[pc + 1] as usize;
        match codes[pc] {
            op::ASSERT_NOT => {
                self.unwind(barrier);
                Ok(Next::Failed)
            }
            op::ASSERT => {
                self.close(barrier);
                Ok(Next::At(tail, at))
            }
            op::ATOMIC_GROUP => {
                self.close(barrier);
                Ok(Next::At(tail, pos))
            }
            _ => {
                let (least, most) = (codes[pc + 2], codes[pc + 3]);
                self.close(barrier);
                let rounds = rounds + 1;
                let again = rounds < least || ((rounds < most || most == MAX_REPEAT) && pos != at);
                if !again {
                    return Ok(Next::At(tail + 1, pos));
                }
                self.scratch.barriers.push(self.scratch.stack.len());
                self.push(Record::Barrier { code: pc as u32, at: pos, rounds })?;
                Ok(Next::At(pc + 4, pos))
            }
        }
    }

    /// Ends a barrier whose sub-pattern has matched: its choices go, its changes stay.
    fn close(&mut self, barrier: usize) {
        self.scratch.barriers.pop();
        let mut kept = barrier;
        for i in barrier + 1..self.scratch.stack.len() {
            let is_change = matches!(
                self.scratch.stack[i],
                Record::Mark { .. }
                    | Record::LastIndex { .. }
                    | Record::Counters { .. }
                    | Record::Current { .. }
                    | Record::Opened { .. }
            );
            if is_change {
                self.scratch.stack.swap(kept, i);
                kept += 1;
            }
        }
        self.scratch.stack.truncate(kept);
    }

    /// Undoes everything down to a barrier and the barrier itself.
    fn unwind(&mut self, barrier: usize) {
        while self.scratch.stack.len() > barrier {
            if let Some(record) = self.scratch.stack.pop() {
                self.undo(&record);
            }
        }
        self.scratch.barriers.pop();
    }

    #[inline(always)]
    fn undo(&mut self, record: &Record) {
        match *record {
            Record::Mark { index, old } => self.scratch.marks[index as usize] = old,
            Record::LastIndex { old } => self.scratch.last_index = old,
            Record::Counters { repeat, count, last } => {
                if let Some(r) = self.scratch.repeats.get_mut(repeat as usize) {
                    (r.count, r.last) = (count, last);
                }
            }
            Record::Current { repeat } => self.scratch.current = repeat,
            Record::Opened { repeat } => {
                self.scratch.repeats.pop();
                self.scratch.current = repeat;
            }
            _ => {}
        }
    }

    /// Takes changes back until a choice is found.
    fn fail(&mut self) -> Result<Next, Failure> {
        let program = self.program;
        let codes: &[u32] = &program.codes;
        while let Some(record) = self.scratch.stack.pop() {
            match record {
                Record::Greedy { code, start, count } => {
                    let pc = code as usize;
                    if let Some(count) = self.give_back(pc, start, count - 1) {
                        return Ok(Next::At(pc + 1 + codes[pc + 1] as usize, start + count));
                    }
                }
                Record::Branch { code, at } => {
                    if let Some(body) = self.alternative(code as usize, at)? {
                        return Ok(Next::At(body, at));
                    }
                }
                Record::Lazy { code, at, count } => {
                    let pc = code as usize;
                    let most = codes[pc + 3];
                    if (count < most || most == MAX_REPEAT) && self.count(pc + 4, at, 1) == 1 {
                        let tail = pc + 1 + codes[pc + 1] as usize;
                        self.push(Record::Lazy { code, at: at + 1, count: count + 1 })?;
                        return Ok(Next::At(tail, at + 1));
                    }
                }
                Record::Tail { repeat, at } => {
                    let Some(head) = self.scratch.repeats.get(repeat as usize).map(|r| r.code as usize) else {
                        return Err(Failure::BadCode);
                    };
                    self.leave(repeat);
                    return Ok(Next::At(head + 2 + codes[head + 1] as usize, at));
                }
                Record::Round { repeat, at, count } => {
                    let Some(head) = self.scratch.repeats.get(repeat as usize).map(|r| r.code as usize) else {
                        return Err(Failure::BadCode);
                    };
                    self.start_round(repeat, count, at)?;
                    return Ok(Next::At(head + 4, at));
                }
                Record::Barrier { code, at, rounds } => {
                    self.scratch.barriers.pop();
                    let pc = code as usize;
                    let tail = pc + 1 + codes[pc + 1] as usize;
                    match codes[pc] {
                        // The sub-pattern fits nowhere, as it should.
                        op::ASSERT_NOT => return Ok(Next::At(tail, at)),
                        op::POSSESSIVE_REPEAT if rounds >= codes[pc + 2] => return Ok(Next::At(tail + 1, at)),
                        _ => {}
                    }
                }
                change => self.undo(&change),
            }
        }
        Ok(Next::Failed)
    }

    fn is_at(&self, code: u32, pos: usize) -> bool {
        let text = self.text;
        let unit = |i: usize| -> Option<u32> { text.get(i).map(|u| (*u).into()) };
        let before = pos.checked_sub(1).and_then(unit);
        let boundary = |is_word: fn(u32) -> bool| before.is_some_and(is_word) != unit(pos).is_some_and(is_word);
        match code {
            at::BEGINNING | at::BEGINNING_STRING => pos == 0,
            at::BEGINNING_LINE => before.is_none_or(|c| c == 10),
            at::END => pos == text.len() || (pos + 1 == text.len() && unit(pos) == Some(10)),
            at::END_LINE => unit(pos).is_none_or(|c| c == 10),
            at::END_STRING => pos == text.len(),
            at::BOUNDARY | at::LOC_BOUNDARY => boundary(|c| category(4, c)),
            at::NON_BOUNDARY | at::LOC_NON_BOUNDARY => !boundary(|c| category(4, c)),
            at::UNI_BOUNDARY => boundary(is_word_unicode),
            at::UNI_NON_BOUNDARY => !boundary(is_word_unicode),
            _ => false,
        }
    }
}
