//! Budgets: how much each of many spenders took in the last while, and whether there is room for more.
//!
//! A [`Book`] keeps the accounts of one budget. Taking is all or nothing and atomic: of two that want the last place, one
//! gets it. What a spender takes counts for the whole window and for up to a twelfth of it longer, so that no window,
//! wherever it begins, holds more than the budget; an account has the same size whatever it counts, and there is a bound on
//! the accounts. Nothing here knows rules, HTTP or a clock: whoever asks says what time it is.
//!
//! The books are of this process. A store that several replicas share would offer the same three calls: [`Book::take`],
//! [`Book::settle`] and [`Book::give_back`].

mod account;

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use foldhash::fast::FixedState;
use smallvec::SmallVec;

use self::account::{Account, STEPS};

/// What a budget is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Requests, counted when they are let in.
    Requests,
    /// Tokens of requests and answers, counted when the answer is there.
    Tokens,
    /// What they cost, in billionths of a US dollar, counted when the answer is there.
    Cost,
}

impl Measure {
    /// The name that policies and verdicts use.
    pub const fn name(self) -> &'static str {
        match self {
            Measure::Requests => "requests",
            Measure::Tokens => "tokens",
            Measure::Cost => "cost_usd",
        }
    }

    /// Whether it is known what is taken before the answer is there.
    const fn is_known_at_once(self) -> bool {
        matches!(self, Measure::Requests)
    }
}

/// The most of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Of what.
    pub measure: Measure,
    /// So much may be taken in a window.
    pub most: u64,
}

/// So much of what each limit counts, in the limits' order.
pub type Amounts = SmallVec<[u64; 1]>;

/// Who spends: a keyed hash, from which nobody learns whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Spender(u64);

impl Spender {
    /// The one that these parts name together. Different parts are different spenders, wherever one ends and the next
    /// begins.
    pub fn new(parts: &[&[u8]]) -> Spender {
        static HASHER: LazyLock<RandomState> = LazyLock::new(RandomState::new);
        Spender(HASHER.hash_one(parts))
    }

    /// All for whom there is no account of their own.
    const REST: Spender = Spender(0);
}

/// The accounts of one budget.
#[derive(Debug)]
pub struct Book {
    limits: Box<[Limit]>,
    /// Time is cut into steps of so many nanoseconds, from here on.
    step: u64,
    origin: Instant,
    shards: Box<[Mutex<Shard>]>,
    /// Most accounts of a shard, but for that of all the rest.
    most: usize,
    /// Some limit is only known when the answer is there: what is taken has to be settled.
    defers: bool,
}

/// Some of the accounts, so that requests seldom wait for each other.
#[derive(Debug, Default)]
struct Shard {
    accounts: HashMap<u64, Account, FixedState>,
    /// The step in which accounts that are no longer needed were last looked for.
    swept: Option<u64>,
}

/// What was taken, to be settled or given back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Whose account it was: the spender's own, or that of all the rest.
    account: u64,
    step: u64,
    amounts: Amounts,
}

/// Why nothing was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Over {
    /// The limit that leaves no room: an index.
    pub limit: usize,
    /// What it would have come to.
    pub wanted: u64,
    /// Until there is room, if nobody takes it. What is more than the whole budget waits for nothing; the window then.
    pub wait: Duration,
    /// The account is that of all for whom there was no room for one of their own.
    pub shared: bool,
}

impl Book {
    /// A book with no entries. `window` is at least a millisecond.
    pub fn new(limits: &[Limit], window: Duration, now: Instant) -> Book {
        Book::with_room_for(MAX_ACCOUNTS, limits, window, now)
    }

    fn with_room_for(accounts: usize, limits: &[Limit], window: Duration, now: Instant) -> Book {
        let nanos = u64::try_from(window.as_nanos()).unwrap_or(u64::MAX);
        Book {
            limits: limits.into(),
            step: nanos.div_ceil(STEPS).max(1),
            origin: now,
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            most: accounts.div_ceil(SHARDS),
            defers: limits.iter().any(|limit| !limit.measure.is_known_at_once()),
        }
    }

    /// The limits, as amounts are for them.
    pub fn limits(&self) -> &[Limit] {
        &self.limits
    }

    /// Whether what is taken has to be settled.
    pub fn defers(&self) -> bool {
        self.defers
    }

    /// Takes these amounts if there is room for all of them: requests for good, what only the answer tells as a
    /// reservation. What is nothing finds room everywhere.
    pub fn take(&self, spender: Spender, amounts: Amounts, now: Instant) -> Result<Taken, Over> {
        let step = self.step_at(now);
        let (mut shard, account) = self.open(spender, step);
        let shared = account == Spender::REST.0;
        let entry = shard.account(account, self.limits.len(), step);
        for (index, (limit, &own)) in self.limits.iter().zip(&amounts).enumerate() {
            let wanted = entry.taken(index).saturating_add(own);
            if own > 0 && wanted > limit.most {
                let wait = self.wait(entry, index, wanted - limit.most, now);
                return Err(Over { limit: index, wanted, wait, shared });
            }
        }
        for (index, (limit, &own)) in self.limits.iter().zip(&amounts).enumerate() {
            if limit.measure.is_known_at_once() {
                entry.add(index, own);
            } else {
                entry.hold(index, own);
            }
        }
        entry.open += u32::from(self.defers);
        Ok(Taken { account, step: entry.step, amounts })
    }

    /// Puts what was really taken in the place of reservations. `spent` is by limit; requests are counted already.
    pub fn settle(&self, taken: &Taken, spent: &[u64], now: Instant) {
        let step = self.step_at(now);
        self.close(taken, step, |entry, index, limit| {
            if !limit.measure.is_known_at_once() {
                entry.add(index, spent.get(index).copied().unwrap_or_default());
            }
        });
    }

    /// As if it had not been taken.
    pub fn give_back(&self, taken: &Taken, now: Instant) {
        let step = self.step_at(now);
        self.close(taken, step, |entry, index, limit| {
            if limit.measure.is_known_at_once() {
                entry.take_back(index, taken.step, taken.amounts[index]);
            }
        });
    }

    /// Ends what was under way; `with` books what comes of it, limit by limit.
    fn close(&self, taken: &Taken, step: u64, with: impl Fn(&mut Account, usize, &Limit)) {
        let mut shard = self.shard(taken.account);
        // An account of which something counts, or is under way, stays.
        let Some(entry) = shard.accounts.get_mut(&taken.account) else { return };
        entry.move_on(step);
        for (index, limit) in self.limits.iter().enumerate() {
            if !limit.measure.is_known_at_once() {
                entry.release(index, taken.amounts[index]);
            }
            with(entry, index, limit);
        }
        entry.open = entry.open.saturating_sub(u32::from(self.defers));
    }

    /// The shard with the spender's account, and which that is. The account may still have to be opened, and then there is
    /// room for it.
    fn open(&self, spender: Spender, step: u64) -> (MutexGuard<'_, Shard>, u64) {
        let mut shard = self.shard(spender.0);
        if shard.has_room(spender.0, self.most, step) {
            return (shard, spender.0);
        }
        drop(shard);
        (self.shard(Spender::REST.0), Spender::REST.0)
    }

    fn shard(&self, account: u64) -> MutexGuard<'_, Shard> {
        let shard = &self.shards[(account % SHARDS as u64) as usize];
        shard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn step_at(&self, now: Instant) -> u64 {
        let nanos = now.saturating_duration_since(self.origin).as_nanos();
        u64::try_from(nanos).unwrap_or(u64::MAX) / self.step
    }

    /// How long it takes until so much no longer counts.
    fn wait(&self, entry: &Account, index: usize, much: u64, now: Instant) -> Duration {
        let passed = now.saturating_duration_since(self.origin);
        match entry.freed_at(index, much) {
            Some(step) => Duration::from_nanos(self.step.saturating_mul(step)).saturating_sub(passed),
            None => Duration::from_nanos(self.step.saturating_mul(STEPS)),
        }
    }

    /// How many accounts there are.
    #[cfg(test)]
    fn accounts(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().unwrap_or_else(PoisonError::into_inner).accounts.len()).sum()
    }
}

impl Shard {
    /// Whether this account is here or may be opened. Accounts of which nothing counts any more make room, all at once and
    /// once a step: nothing else happens to them in between.
    fn has_room(&mut self, account: u64, most: usize, step: u64) -> bool {
        if account == Spender::REST.0 || self.accounts.contains_key(&account) || self.accounts.len() < most {
            return true;
        }
        if self.swept != Some(step) {
            self.swept = Some(step);
            self.accounts.retain(|_, account| account.is_needed(step));
        }
        self.accounts.len() < most
    }

    /// The account, at this step.
    fn account(&mut self, account: u64, limits: usize, step: u64) -> &mut Account {
        let entry = self.accounts.entry(account).or_insert_with(|| Account::new(limits, step));
        entry.move_on(step);
        entry
    }
}

/// Most accounts of a book: about 20 MB of them.
pub const MAX_ACCOUNTS: usize = 100_000;
/// In so many parts a book is locked.
const SHARDS: usize = 16;

#[cfg(test)]
mod tests;
