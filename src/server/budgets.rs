//! Budgets on a request's way: asked for room before its texts are judged, settled when its answer is there.

use std::time::Instant;

use http::Response;

use super::body::Body;
use super::guarded::Exchange;
use crate::inspect::{Cause, Report, Stream, over_budget};
use crate::policy::{Admission, Spending};
use crate::protocol::Protocol;

impl Exchange {
    /// Whether budgets want to know how many tokens the request has.
    pub(super) fn counts_tokens(&self) -> bool {
        self.context.counts_tokens() && self.protocol.is_none_or(Protocol::takes_tokens)
    }

    /// Asks for room for the request. `Some`: there is none, and this is the answer. `tokens` is nothing where it takes none.
    pub(super) fn admit(&mut self, tokens: Option<u64>, started: Instant) -> Option<Response<Body>> {
        if !self.context.has_budgets() {
            return None;
        }
        let spending = Spending { keys: &self.keys, route: &self.route, tokens, now: Instant::now() };
        let Admission { over, blocked, bill } = self.context.admit(&spending);
        (self.over, self.bill) = (over_budget(over), bill);
        let (rule, wait) = blocked?;
        self.room_in = Some(wait);
        Some(self.refuse_request(&Cause::Rule(rule), Report::default(), started))
    }

    /// A streamed answer is over; `whole`: it came to its end.
    pub(super) fn settle_stream(&mut self, stream: &Stream, whole: bool) {
        if self.bill.is_open() {
            let came = stream.meter().map(|meter| meter.came(whole)).unwrap_or_default();
            self.bill.settle(came, Instant::now());
        }
    }
}

/// About how many tokens there are in bytes of which nothing is known.
pub(super) fn tokens_in(bytes: usize) -> u64 {
    bytes.div_ceil(BYTES_PER_TOKEN) as u64
}

/// Of English text.
const BYTES_PER_TOKEN: usize = 4;
