//! A pattern's code, read once into nodes that are quick to follow.
//!
//! Problem: code as the library compiles it is looked at word by word, and CPython's engine copies all groups at every place it may come
//! back to.
//!
//! Method: one node an instruction, character classes as tables. What a repeat is followed by is read off beforehand: where nothing
//! of the repeat can be that, there is nothing to come back to. Groups and the rounds of loops are undone from a log (`run`, `loops`).
//!
//! Invariant: the answers of CPython Modules/_sre/sre_lib.h. Words that the library never makes are refused (`Plan::new` says `None`).

mod class;
mod loops;
mod run;

pub use run::{Entry, Outcome, Stopped, UNSET, Wanted};

use class::{Class, Fold};
use rustpython_sre_engine::{SreAtCode, SreOpcode};

/// Not yet known, or nowhere.
const NOWHERE: u32 = u32::MAX;

enum Node {
    Literal(u32),
    One(u32),
    Mark(u32),
    At(SreAtCode),
    Branch(u32),
    Jump(u32),
    /// Of a single character.
    Repeat(u32),
    /// Begins a loop, whose first node follows.
    Enter(u32),
    /// The end of a round, which decides whether there is another one.
    Until,
    /// Begins a loop that never comes back, whose first node follows.
    Possess(u32),
    Group(u32, Fold),
    /// Goes on at the other node when the group has not taken part.
    IfGroup(u32, u32),
    Look(Look),
    /// The end of what a `Look` holds.
    Leave,
    End,
    Fail,
}

/// What is matched for itself: nothing inside is tried again once it has matched.
#[derive(Clone, Copy)]
struct Look {
    kind: LookKind,
    /// How many characters further left it begins.
    back: u32,
    next: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum LookKind {
    Ahead,
    Not,
    /// Matches and moves on.
    Atomic,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Greed {
    Greedy,
    Lazy,
    Possessive,
}

struct Repeat {
    class: u32,
    least: usize,
    most: usize,
    greed: Greed,
    next: u32,
    /// The class of the character behind it, when there must be one.
    follow: Option<u32>,
    /// No character of the repeat can be the one behind it, in narrow and in wide texts.
    alone: [bool; 2],
    /// Behind it the pattern, or the look it stands in, is at its end.
    is_last: bool,
}

/// A repeat of more than a character.
struct Loop {
    least: usize,
    most: usize,
    is_lazy: bool,
    body: u32,
    /// Its `Until`; its `Leave` when it is possessive.
    until: u32,
    next: u32,
    /// What a round, and what follows the loop, begin with, when that is a character.
    body_first: Option<u32>,
    next_first: Option<u32>,
}

struct Alternative {
    node: u32,
    /// What it begins with, when it begins with a character.
    first: Option<u32>,
}

pub struct Plan {
    nodes: Vec<Node>,
    classes: Vec<Class>,
    repeats: Vec<Repeat>,
    loops: Vec<Loop>,
    branches: Vec<Vec<Alternative>>,
    first: Option<u32>,
    /// It can only match at the subject's beginning.
    anchored: bool,
    /// All of the pattern, when it is a text that stands for itself.
    literal: Option<Box<[u32]>>,
}

impl Plan {
    /// `None`: it is not the code of a pattern.
    pub fn new(codes: &[u32], groups: usize) -> Option<Plan> {
        let mut plan = Plan {
            nodes: Vec::new(),
            classes: Vec::new(),
            repeats: Vec::new(),
            loops: Vec::new(),
            branches: Vec::new(),
            first: None,
            anchored: false,
            literal: None,
        };
        let places = plan.read(codes, groups)?;
        plan.resolve(&places)?;
        plan.look_ahead()?;
        plan.literal = plan.read_literal();
        Some(plan)
    }

    /// All of the pattern, when it is a text that stands for itself: not empty, without groups.
    pub fn literal(&self) -> Option<&[u32]> {
        self.literal.as_deref()
    }

    fn read_literal(&self) -> Option<Box<[u32]>> {
        // Behind the end stands what runs past it.
        let [text @ .., Node::End, Node::Fail] = &self.nodes[..] else { return None };
        let point = |node: &Node| if let Node::Literal(point) = node { Some(*point) } else { None };
        text.iter().map(point).collect::<Option<Box<[u32]>>>().filter(|text| !text.is_empty())
    }

    fn class(&mut self, codes: &[u32], at: usize) -> Option<(u32, usize)> {
        let (class, width) = Class::read(codes, at)?;
        let known = self.classes.iter().position(|c| c.words == class.words);
        let index = known.unwrap_or(self.classes.len());
        if known.is_none() {
            self.classes.push(class);
        }
        Some((index as u32, width))
    }

    /// Makes the nodes; where they lead is still told in places of the code. Answers the node of each place.
    fn read(&mut self, codes: &[u32], groups: usize) -> Option<Vec<u32>> {
        let mut places = vec![NOWHERE; codes.len() + 1];
        // Words of a branch that lead to the next alternative; ends of looks.
        let mut links = vec![false; codes.len() + 1];
        let mut ends = vec![false; codes.len() + 1];
        // Ends of rounds.
        let mut is_until = vec![false; codes.len() + 1];
        let mut at = 0;
        while at < codes.len() {
            if links[at] {
                at += 1;
                continue;
            }
            places[at] = self.nodes.len() as u32;
            let word = |n: usize| codes.get(at + n).copied();
            let beyond = |n: usize| Some(at + n + word(n)? as usize).filter(|place| *place < codes.len());
            if word(0)? == SreOpcode::LITERAL as u32 {
                self.nodes.push(Node::Literal(word(1)?));
                at += 2;
                continue;
            }
            if let Some((class, width)) = self.class(codes, at) {
                self.nodes.push(Node::One(class));
                at += width;
                continue;
            }
            let group = |n: usize| word(n).filter(|group| (*group as usize) < groups);
            let (node, width) = match SreOpcode::try_from(word(0)?).ok()? {
                SreOpcode::SUCCESS => (if ends[at] { Node::Leave } else { Node::End }, 1),
                SreOpcode::INFO => {
                    at = beyond(1)?;
                    continue;
                }
                SreOpcode::MARK => (Node::Mark(word(1).filter(|mark| (*mark as usize) < 2 * groups)?), 2),
                SreOpcode::AT => (Node::At(SreAtCode::try_from(word(1)?).ok()?), 2),
                SreOpcode::JUMP => (Node::Jump(beyond(1)? as u32), 2),
                SreOpcode::BRANCH => {
                    let mut alternatives = Vec::new();
                    let mut link = at + 1;
                    loop {
                        *links.get_mut(link)? = true;
                        let skip = *codes.get(link)? as usize;
                        if skip == 0 {
                            break;
                        }
                        alternatives.push(Alternative { node: link as u32 + 1, first: None });
                        link += skip;
                    }
                    self.branches.push(alternatives);
                    (Node::Branch(self.branches.len() as u32 - 1), 1)
                }
                op @ (SreOpcode::REPEAT_ONE | SreOpcode::MIN_REPEAT_ONE | SreOpcode::POSSESSIVE_REPEAT_ONE) => {
                    let next = beyond(1)?;
                    let (class, width) = self.class(codes, at + 4)?;
                    if at + 4 + width + 1 != next {
                        return None;
                    }
                    let greed = match op {
                        SreOpcode::REPEAT_ONE => Greed::Greedy,
                        SreOpcode::MIN_REPEAT_ONE => Greed::Lazy,
                        _ => Greed::Possessive,
                    };
                    self.repeats.push(Repeat {
                        class,
                        least: word(2)? as usize,
                        most: unbounded(word(3)?),
                        greed,
                        next: next as u32,
                        follow: None,
                        alone: [false; 2],
                        is_last: false,
                    });
                    (Node::Repeat(self.repeats.len() as u32 - 1), next - at)
                }
                op @ (SreOpcode::REPEAT | SreOpcode::POSSESSIVE_REPEAT) => {
                    let until = beyond(1)?;
                    let index = self.loops.len() as u32;
                    self.loops.push(Loop {
                        least: word(2)? as usize,
                        most: unbounded(word(3)?),
                        is_lazy: codes[until] == SreOpcode::MIN_UNTIL as u32,
                        body: at as u32 + 4,
                        until: until as u32,
                        next: until as u32 + 1,
                        body_first: None,
                        next_first: None,
                    });
                    if op == SreOpcode::REPEAT {
                        is_until[until] = true;
                        (Node::Enter(index), 4)
                    } else {
                        ends[until] = true;
                        (Node::Possess(index), 4)
                    }
                }
                SreOpcode::MAX_UNTIL | SreOpcode::MIN_UNTIL if is_until[at] => (Node::Until, 1),
                op @ (SreOpcode::ASSERT | SreOpcode::ASSERT_NOT) => {
                    let next = beyond(1)?;
                    ends[next - 1] = true;
                    let kind = if op == SreOpcode::ASSERT { LookKind::Ahead } else { LookKind::Not };
                    (Node::Look(Look { kind, back: word(2)?, next: next as u32 }), 3)
                }
                SreOpcode::ATOMIC_GROUP => {
                    let next = beyond(1)?;
                    ends[next - 1] = true;
                    (Node::Look(Look { kind: LookKind::Atomic, back: 0, next: next as u32 }), 2)
                }
                SreOpcode::GROUPREF => (Node::Group(group(1)?, Fold::No), 2),
                SreOpcode::GROUPREF_IGNORE | SreOpcode::GROUPREF_LOC_IGNORE => (Node::Group(group(1)?, Fold::Ascii), 2),
                SreOpcode::GROUPREF_UNI_IGNORE => (Node::Group(group(1)?, Fold::Unicode), 2),
                SreOpcode::GROUPREF_EXISTS => {
                    // Its distance counts from the word before.
                    let otherwise = at + 1 + word(2)? as usize;
                    (Node::IfGroup(group(1)?, otherwise as u32), 3)
                }
                _ => return None,
            };
            self.nodes.push(node);
            at += width;
        }
        // Whoever runs past the code finds an end that says no.
        self.nodes.push(Node::Fail);
        Some(places)
    }

    /// Places of the code become nodes.
    fn resolve(&mut self, places: &[u32]) -> Option<()> {
        let resolved = |place: &mut u32| {
            *place = *places.get(*place as usize).filter(|node| **node != NOWHERE)?;
            Some(())
        };
        for node in &mut self.nodes {
            match node {
                Node::Jump(place) | Node::IfGroup(_, place) => resolved(place)?,
                Node::Look(look) => resolved(&mut look.next)?,
                _ => {}
            }
        }
        self.repeats.iter_mut().try_for_each(|repeat| resolved(&mut repeat.next))?;
        for one in &mut self.loops {
            [&mut one.body, &mut one.until, &mut one.next].into_iter().try_for_each(resolved)?;
        }
        self.branches.iter_mut().flatten().try_for_each(|alternative| resolved(&mut alternative.node))
    }

    /// What can be told beforehand about repeats, branches and the beginning.
    fn look_ahead(&mut self) -> Option<()> {
        for i in 0..self.repeats.len() {
            let next = self.repeats[i].next;
            let follow = self.first_of(next);
            let is_last = self.is_end(next);
            let alone = match follow {
                Some(follow) => {
                    let (own, other) = (&self.classes[self.repeats[i].class as usize], &self.classes[follow as usize]);
                    [own.is_disjoint(other, false), own.is_disjoint(other, true)]
                }
                None => [false; 2],
            };
            let repeat = &mut self.repeats[i];
            (repeat.follow, repeat.is_last, repeat.alone) = (follow, is_last, alone);
        }
        for i in 0..self.loops.len() {
            let (body, next) = (self.loops[i].body, self.loops[i].next);
            let (body_first, next_first) = (self.first_of(body), self.first_of(next));
            (self.loops[i].body_first, self.loops[i].next_first) = (body_first, next_first);
        }
        for i in 0..self.branches.len() {
            for j in 0..self.branches[i].len() {
                self.branches[i][j].first = self.first_of(self.branches[i][j].node);
            }
        }
        self.first = self.first_of(0);
        self.anchored = matches!(self.nodes[0], Node::At(SreAtCode::BEGINNING | SreAtCode::BEGINNING_STRING));
        Some(())
    }

    /// The class of the character that must stand where `node` begins.
    fn first_of(&mut self, node: u32) -> Option<u32> {
        let mut at = node as usize;
        loop {
            match self.nodes.get(at)? {
                Node::Literal(c) => return Some(self.class(&[SreOpcode::LITERAL as u32, *c], 0)?.0),
                Node::One(class) => return Some(*class),
                Node::Repeat(repeat) => {
                    let repeat = &self.repeats[*repeat as usize];
                    return (repeat.least > 0).then_some(repeat.class);
                }
                Node::Mark(_) | Node::At(_) => at += 1,
                Node::Enter(index) | Node::Possess(index) if self.loops[*index as usize].least > 0 => at += 1,
                Node::Look(look) if look.kind != LookKind::Not && look.back == 0 => at += 1,
                // Jumps lead forwards, or there is no telling.
                Node::Jump(to) if *to as usize > at => at = *to as usize,
                _ => return None,
            }
        }
    }

    fn is_end(&self, node: u32) -> bool {
        let mut at = node as usize;
        loop {
            match self.nodes.get(at) {
                Some(Node::Mark(_)) => at += 1,
                Some(Node::Jump(to)) if *to as usize > at => at = *to as usize,
                Some(Node::End | Node::Leave) => return true,
                _ => return false,
            }
        }
    }
}

/// The bound that the word of a repeat tells.
fn unbounded(most: u32) -> usize {
    if most == u32::MAX { usize::MAX } else { most as usize }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_of_plain_text_are_known_for_it() {
        let (literal, end) = (SreOpcode::LITERAL as u32, SreOpcode::SUCCESS as u32);
        let plan = |codes: &[u32]| Plan::new(codes, 1).expect("the code of a pattern");
        assert_eq!(plan(&[literal, 97, literal, 98, end]).literal(), Some(&[97, 98][..]));
        assert_eq!(plan(&[literal, 97, SreOpcode::ANY as u32, end]).literal(), None);
        assert_eq!(plan(&[end]).literal(), None);
    }
}
