//! Numbers by which countries know people, their papers, cars and firms: a file for each country.

pub(super) mod au;
pub(super) mod de;
pub(super) mod es;
pub(super) mod fi;
pub(super) mod fr;
pub(super) mod india;
pub(super) mod it;
pub(super) mod pl;
pub(super) mod sg;
pub(super) mod uk;
pub(super) mod us;
