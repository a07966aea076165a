//! Budgets on a request's way: asked for room before its texts are judged, settled when its answer is there.

use std::time::Instant;

use http::Response;

use super::body::Body;
use super::guarded::{Exchange, Unread};
use crate::inspect::{self, Cause, Report, Stream, metered, over_budget, tokens_of};
use crate::policy::{Admission, Came, Spending};
use crate::protocol::Protocol;

impl Exchange {
    /// Asks for room for the request. `Some`: there is none, and this is the answer. `read` is nothing where the request
    /// has no body; `length` is the body's.
    pub(super) fn admit(
        &mut self,
        read: Option<&Result<inspect::Body<'_>, Unread>>,
        length: usize,
        started: Instant,
    ) -> Option<Response<Body>> {
        if !self.context.has_budgets() {
            return None;
        }
        let takes = self.context.counts_tokens() && self.protocol.is_none_or(Protocol::takes_tokens);
        let tokens = read.filter(|_| takes).map(|read| match read {
            Ok(body) => tokens_of(body),
            Err(_) => tokens_in(length),
        });
        let spending = Spending { keys: &self.keys, route: &self.route, tokens, now: Instant::now() };
        let Admission { over, blocked, bill } = self.context.admit(&spending);
        (self.over, self.bill) = (over_budget(over), bill);
        let (rule, wait) = blocked?;
        self.room_in = Some(wait);
        Some(self.refuse_request(&Cause::Rule(rule), Report::default(), started))
    }

    /// The answer is there as a whole. `body` is nothing where it cannot be read; `length` is its length.
    pub(super) fn settle_whole(&mut self, body: Option<&inspect::Body<'_>>, length: usize) {
        if self.bill.is_open() {
            let unread = || Came { seen: tokens_in(length), whole: true, ..Came::default() };
            let came = body.map_or_else(unread, |body| metered(body).came(true));
            self.bill.settle(came, Instant::now());
        }
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
fn tokens_in(bytes: usize) -> u64 {
    bytes.div_ceil(BYTES_PER_TOKEN).max(1) as u64
}

/// Of English text.
const BYTES_PER_TOKEN: usize = 4;
