//! A byte for each character, worked out once: Unicode's own tables have to be searched.

use std::collections::HashMap;

const PAGE: usize = 256;

/// What is told of the characters before some end.
pub(super) struct Table {
    /// For each page of characters which of the different ones it is.
    index: Box<[u16]>,
    pages: Box<[[u8; PAGE]]>,
}

impl Table {
    /// Of the characters before `end`, which begins a page.
    pub(super) fn new(end: char, of: impl Fn(char) -> u8) -> Table {
        let (mut index, mut pages, mut known) = (Vec::new(), Vec::new(), HashMap::new());
        for page in 0..end as u32 / PAGE as u32 {
            let byte = |at| char::from_u32(page * PAGE as u32 + at as u32).map_or(0, &of);
            let page: [u8; PAGE] = std::array::from_fn(byte);
            index.push(*known.entry(page).or_insert_with(|| {
                pages.push(page);
                pages.len() as u16 - 1
            }));
        }
        Table { index: index.into(), pages: pages.into() }
    }

    /// What is told of a character.
    pub(super) fn get(&self, char: char) -> Option<u8> {
        let page = *self.index.get(char as usize / PAGE)?;
        self.pages.get(usize::from(page)).map(|page| page[char as usize % PAGE])
    }
}
