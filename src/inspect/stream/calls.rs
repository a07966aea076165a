//! Calls of tools in a stream: a call is judged when it is whole, and none of it goes out before.
//!
//! Its name and its arguments are texts like others. Either may come first, in pieces, and between those of other calls.

use std::collections::HashMap;

use foldhash::fast::FixedState;
use smallvec::SmallVec;

use super::Stream;
use crate::protocol::walk::{CallPart, Extent, TextLeaf};

/// The calls of a stream that rules judge.
#[derive(Default)]
pub(super) struct Calls {
    /// The latest call with this key.
    by_key: HashMap<u64, usize, FixedState>,
    list: Vec<Called>,
    /// Those that have not been judged.
    open: Vec<usize>,
    /// A part has ended since these were last looked at.
    dirty: bool,
    /// No part of any call is still to come.
    over: bool,
}

/// A call: its parts, each a text of the stream.
#[derive(Default)]
struct Called {
    names: SmallVec<[usize; 1]>,
    arguments: SmallVec<[usize; 1]>,
    others: SmallVec<[usize; 1]>,
    /// Another call has begun in its place.
    is_over: bool,
}

impl Called {
    fn parts(&self) -> impl Iterator<Item = usize> + '_ {
        self.arguments.iter().chain(&self.names).chain(&self.others).copied()
    }
}

impl Calls {
    /// Another message counts its calls anew.
    pub(super) fn forget(&mut self) {
        self.by_key.clear();
    }

    /// A text has ended.
    pub(super) fn note_end(&mut self) {
        self.dirty = true;
    }

    /// All texts have ended.
    pub(super) fn finish(&mut self) {
        (self.dirty, self.over) = (true, true);
    }
}

impl Stream {
    /// Takes note of a part of a call: the text with this index.
    pub(super) fn note_call(&mut self, leaf: &TextLeaf, index: usize) {
        let Some(call) = leaf.call.filter(|_| self.texts[index].plan.judges_calls()) else { return };
        let known = self.calls.by_key.get(&call.key).copied();
        if known.is_some_and(|known| self.calls.list[known].parts().any(|part| part == index)) {
            return;
        }
        // A name that comes whole begins a call, and so does what comes after one that has been judged.
        let goes_on = |known: &usize| {
            let is_first = call.part != CallPart::Name || self.calls.list[*known].names.is_empty();
            self.calls.open.contains(known) && (is_first || leaf.extent != Extent::Whole)
        };
        let position = match known.filter(goes_on) {
            Some(position) => position,
            // Nothing else makes a call.
            None if call.part == CallPart::Other => return,
            None => {
                if let Some(known) = known {
                    self.calls.list[known].is_over = true;
                }
                let position = self.calls.list.len();
                self.calls.list.push(Called::default());
                self.calls.open.push(position);
                self.calls.by_key.insert(call.key, position);
                position
            }
        };
        let called = &mut self.calls.list[position];
        match call.part {
            CallPart::Name => called.names.push(index),
            CallPart::Arguments => called.arguments.push(index),
            CallPart::Other => called.others.push(index),
        }
        self.texts[index].text.await_call();
        self.calls.dirty = true;
    }

    /// Judges the calls that are whole.
    pub(super) fn judge_calls(&mut self) {
        if !std::mem::take(&mut self.calls.dirty) {
            return;
        }
        let open = std::mem::take(&mut self.calls.open);
        let (whole, open) = open.into_iter().partition(|&position| self.is_whole_call(&self.calls.list[position]));
        self.calls.open = open;
        for position in whole {
            self.judge_call(position);
        }
    }

    /// Whether all of a call has come. What has no arguments, or no name, may get them until nothing more comes.
    fn is_whole_call(&self, called: &Called) -> bool {
        let is_complete = !called.names.is_empty() && !called.arguments.is_empty();
        (is_complete || called.is_over || self.calls.over)
            && called.parts().all(|part| self.texts[part].text.is_finished())
    }

    fn judge_call(&mut self, position: usize) {
        let called = std::mem::take(&mut self.calls.list[position]);
        let name = |&name: &usize| {
            let channel = self.texts[name].text.channel();
            let text = channel.text(0..channel.len());
            // Of one that is too long for any tool the start may have been let go.
            if text.len() == channel.len() { text.to_owned() } else { String::new() }
        };
        let names: Vec<String> = called.names.iter().map(name).collect();
        // Whoever stands for the call: its arguments, or else its name.
        let standing = if called.arguments.is_empty() { &called.names } else { &called.arguments };
        for &part in standing {
            let text = &mut self.texts[part].text;
            match names.as_slice() {
                [] => text.judge_call(None),
                names => names.iter().for_each(|name| text.judge_call(Some(name))),
            }
        }
        for &part in standing {
            self.settle_text(part);
        }
        let blocked = standing.iter().find_map(|&part| self.texts[part].text.cut().filter(|(at, _)| *at == 0));
        for part in called.parts() {
            if !standing.contains(&part) {
                self.texts[part].text.end_call(&self.context, blocked.map(|(_, rule)| rule));
            }
            self.dirty.push(part);
        }
        // Kept, so that what is said of it again is known.
        self.calls.list[position] = called;
    }
}
