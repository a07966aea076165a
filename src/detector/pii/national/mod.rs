//! Numbers by which countries know people, their papers, cars and firms: a file for each country.

pub(super) mod de;
pub(super) mod es;
pub(super) mod fr;
pub(super) mod uk;
pub(super) mod us;
