//! Numbers by which countries know people, their papers, cars and firms: a file for each country.

pub(super) mod au;
pub(super) mod be;
pub(super) mod br;
pub(super) mod ca;
pub(super) mod cn;
pub(super) mod de;
pub(super) mod es;
pub(super) mod fi;
pub(super) mod fr;
pub(super) mod india;
pub(super) mod it;
pub(super) mod jp;
pub(super) mod kr;
pub(super) mod ng;
pub(super) mod nl;
pub(super) mod pl;
pub(super) mod se;
pub(super) mod sg;
pub(super) mod th;
pub(super) mod tr;
pub(super) mod uk;
pub(super) mod us;
pub(super) mod za;
