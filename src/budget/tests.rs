#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};

use proptest::prelude::*;
use smallvec::smallvec;

use super::*;

const REQUESTS: Measure = Measure::Requests;
const TOKENS: Measure = Measure::Tokens;

fn book(limits: &[(Measure, u64)], window: Duration) -> (Book, Instant) {
    let limits: Vec<Limit> = limits.iter().map(|&(measure, most)| Limit { measure, most }).collect();
    let now = Instant::now();
    (Book::new(&limits, window, now), now)
}

fn anna() -> Spender {
    Spender::new(&[b"anna"])
}

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

#[test]
fn one_more_than_the_budget_waits() {
    let (book, start) = book(&[(REQUESTS, 3)], secs(60));
    let ask = |at: u64| book.take(anna(), smallvec![1], start + secs(at)).map(|_| ());
    assert_eq!((ask(2), ask(31), ask(31)), (Ok(()), Ok(()), Ok(())));
    // The first one counts to the end of the twelfth step after its own.
    assert_eq!(ask(40), Err(Over { limit: 0, wanted: 4, wait: secs(25), shared: false }));
    assert_eq!(ask(64).unwrap_err().wait, secs(1));
    assert_eq!(ask(65), Ok(()));
    assert_eq!(ask(65).unwrap_err().wait, secs(30), "the two of 0:31");
    assert!(book.take(Spender::new(&[b"ben"]), smallvec![1], start + secs(65)).is_ok(), "others have their own");
}

#[test]
fn what_is_refused_does_not_count() {
    let (book, start) = book(&[(REQUESTS, 1), (TOKENS, 10)], secs(12));
    book.take(anna(), smallvec![1, 5], start).unwrap();
    for second in 1..12 {
        let over = book.take(anna(), smallvec![1, 1], start + secs(second)).unwrap_err();
        assert_eq!((over.limit, over.wanted), (0, 2));
    }
    let over = book.take(anna(), smallvec![1, 6], start + secs(13)).unwrap_err();
    assert_eq!((over.limit, over.wanted), (1, 11), "five are still under way");
    book.take(anna(), smallvec![1, 5], start + secs(13)).unwrap();
}

#[test]
fn a_reservation_becomes_what_was_really_taken() {
    let (book, start) = book(&[(TOKENS, 100)], secs(12));
    let first = book.take(anna(), smallvec![60], start).unwrap();
    assert_eq!(book.take(anna(), smallvec![50], start).unwrap_err().wanted, 110);
    book.settle(&first, &[20], start + secs(1));
    let second = book.take(anna(), smallvec![80], start + secs(1)).unwrap();
    book.settle(&second, &[500], start + secs(2));
    let over = book.take(anna(), smallvec![1], start + secs(3)).unwrap_err();
    assert_eq!((over.wanted, over.wait), (521, secs(12)), "both have to go");
    assert!(book.take(anna(), smallvec![0], start + secs(3)).is_ok(), "what takes nothing is never too much");
    book.take(anna(), smallvec![100], start + secs(15)).unwrap();
    let third = book.take(Spender::new(&[b"ben"]), smallvec![100], start + secs(15)).unwrap();
    book.give_back(&third, start + secs(16));
    book.take(Spender::new(&[b"ben"]), smallvec![100], start + secs(16)).unwrap();
}

#[test]
fn what_is_given_back_was_never_taken() {
    let (book, start) = book(&[(REQUESTS, 2)], secs(12));
    let first = book.take(anna(), smallvec![1], start).unwrap();
    book.take(anna(), smallvec![1], start + secs(6)).unwrap();
    book.give_back(&first, start + secs(7));
    book.take(anna(), smallvec![1], start + secs(7)).unwrap();
    // Long after it stopped to count, it takes nothing from what counts now.
    book.give_back(&first, start + secs(13));
    assert!(book.take(anna(), smallvec![1], start + secs(13)).is_err());
}

#[test]
fn numbers_without_measure_fill_the_budget_and_no_more() {
    let (book, start) = book(&[(TOKENS, 1000)], secs(12));
    let first = book.take(anna(), smallvec![1], start).unwrap();
    book.settle(&first, &[u64::MAX], start);
    let second = book.take(Spender::new(&[b"ben"]), smallvec![u64::MAX], start).unwrap_err();
    assert_eq!((second.wanted, second.wait), (u64::MAX, secs(12)));
    assert_eq!(book.take(anna(), smallvec![1], start).unwrap_err().wanted, u64::MAX);
    assert!(book.take(anna(), smallvec![1], start + secs(13)).is_ok());
}

#[test]
fn a_million_spenders_have_no_more_accounts_than_there_is_room_for() {
    let (book, start) = book(&[(REQUESTS, 5)], secs(60));
    let mut refused = 0;
    for number in 0..1_000_000u32 {
        refused += u32::from(book.take(Spender::new(&[&number.to_le_bytes()]), smallvec![1], start).is_err());
    }
    assert!(book.accounts() <= MAX_ACCOUNTS + 1, "{} accounts", book.accounts());
    // All the others had one together.
    assert!(refused > 890_000, "{refused} refused");
    let over = book.take(Spender::new(&[b"new"]), smallvec![1], start).unwrap_err();
    assert!(over.shared);
    // Whoever has an account keeps it.
    assert!(book.take(Spender::new(&[&7u32.to_le_bytes()]), smallvec![1], start).is_ok());
    // Once nothing of them counts any more they make room.
    assert!(book.take(Spender::new(&[b"new"]), smallvec![1], start + secs(66)).is_ok());
    assert!(book.accounts() < MAX_ACCOUNTS);
}

#[test]
fn an_account_with_something_under_way_stays() {
    let limits = [Limit { measure: TOKENS, most: 10 }];
    let start = Instant::now();
    let book = Book::with_room_for(SHARDS, &limits, secs(12), start);
    let taken: Vec<Taken> = (0..200u32)
        .filter_map(|number| book.take(Spender::new(&[&number.to_le_bytes()]), smallvec![1], start).ok())
        .collect();
    let before = book.accounts();
    assert!(before <= SHARDS + 1);
    for later in [100, 200] {
        let other = book.take(Spender::new(&[b"other"]), smallvec![1], start + secs(later));
        assert!(other.is_ok() || other.is_err_and(|over| over.shared));
    }
    for taken in &taken {
        book.settle(taken, &[0], start + secs(300));
    }
    for number in 1000..1020u32 {
        let fresh = book.take(Spender::new(&[&number.to_le_bytes()]), smallvec![1], start + secs(400)).unwrap();
        book.settle(&fresh, &[0], start + secs(400));
    }
    assert!(book.accounts() <= SHARDS + 1);
}

#[test]
fn parts_of_a_name_do_not_run_together() {
    assert_ne!(Spender::new(&[b"ab", b"c"]), Spender::new(&[b"a", b"bc"]));
    assert_ne!(Spender::new(&[b"user", b"", b"a"]), Spender::new(&[b"user", b"a", b""]));
    assert_eq!(Spender::new(&[b"ab", b"c"]), Spender::new(&[b"ab", b"c"]));
}

/// Of all that ask at once, as many get something as there is, whoever they are and however their clocks differ.
#[test]
fn nobody_takes_a_place_that_somebody_else_has() {
    let (book, start) = book(&[(REQUESTS, 500)], secs(60));
    let taken = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for thread in 0..8u64 {
            let (book, taken) = (&book, &taken);
            scope.spawn(move || {
                for round in 0..1000u64 {
                    let now = start + Duration::from_millis((round * 37 + thread * 11) % 60_000);
                    if book.take(anna(), smallvec![1], now).is_ok() {
                        taken.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    assert_eq!(taken.load(Ordering::Relaxed), 500);
}

proptest! {
    /// No window, wherever it begins, holds more than the budget; and nobody waits longer than a window and a step, nor longer
    /// than was said.
    #[test]
    fn no_window_holds_more_than_the_budget(
        most in 1u64..6,
        window in prop::sample::select(vec![1000u64, 1200, 7001, 60_000]),
        pauses in prop::collection::vec((0u64..20, 0u64..40), 1..200),
    ) {
        let (book, start) = book(&[(REQUESTS, most)], Duration::from_millis(window));
        let (mut now, mut admitted) = (Duration::ZERO, VecDeque::new());
        let longest = Duration::from_millis(window) + Duration::from_millis(window) / 12 + Duration::from_micros(1);
        for (pause, parts) in pauses {
            now += Duration::from_millis(window) * u32::try_from(pause).unwrap() * u32::try_from(parts).unwrap() / 400;
            match book.take(anna(), smallvec![1], start + now) {
                Ok(_) => admitted.push_back(now),
                Err(over) => {
                    let counted = admitted.iter().filter(|at| **at + longest > now).count() as u64;
                    prop_assert!(counted >= most, "{counted} of {most} count at {now:?}");
                    let then = start + now + over.wait;
                    prop_assert!(book.take(anna(), smallvec![1], then.checked_sub(Duration::from_nanos(1)).unwrap()).is_err());
                    // Takes a place that a copy of the book would still have: so it is the last question.
                    prop_assert!(book.take(anna(), smallvec![1], then).is_ok());
                    now += over.wait;
                    admitted.push_back(now);
                }
            }
            let within = admitted.iter().filter(|at| **at + Duration::from_millis(window) > now).count() as u64;
            prop_assert!(within <= most, "{within} of {most} within a window at {now:?}");
        }
    }

    /// Whatever is taken, settled and given back in whatever order: what is left in the end is what a list of it says.
    #[test]
    fn the_book_agrees_with_a_list(
        steps in prop::collection::vec((0u64..4000, 1u64..40, 0u64..60, 0u8..3), 1..120),
    ) {
        const WINDOW: u64 = 12_000;
        let (book, start) = book(&[(REQUESTS, 20), (TOKENS, 200)], Duration::from_millis(WINDOW));
        // (step of the request, step of the tokens if settled, tokens held or spent)
        let mut list: Vec<(Option<u64>, Option<u64>, u64)> = Vec::new();
        let mut open: VecDeque<(usize, Taken)> = VecDeque::new();
        let mut now = 0u64;
        for (pause, tokens, spent, what) in steps {
            now += pause;
            let (step, at) = (now / 1000, start + Duration::from_millis(now));
            let counts = |since: &u64| step - since <= 12;
            match (what, open.pop_front()) {
                (0, Some((index, taken))) => {
                    book.settle(&taken, &[0, spent], at);
                    (list[index].1, list[index].2) = (Some(step), spent);
                }
                (1, Some((index, taken))) => {
                    book.give_back(&taken, at);
                    list[index] = (None, None, 0);
                }
                (_, last) => {
                    open.extend(last);
                    let requests = list.iter().filter(|(since, ..)| since.as_ref().is_some_and(counts)).count() as u64;
                    let held = list.iter().filter(|(_, since, _)| since.as_ref().is_none_or(counts));
                    let held: u64 = held.map(|(.., tokens)| tokens).sum();
                    let expected = requests < 20 && held + tokens <= 200;
                    let taken = book.take(anna(), smallvec![1, tokens], at);
                    prop_assert_eq!(taken.is_ok(), expected, "{} requests, {} tokens at {}", requests, held, now);
                    if let Ok(taken) = taken {
                        open.push_back((list.len(), taken));
                        list.push((Some(step), None, tokens));
                    }
                }
            }
        }
    }
}
