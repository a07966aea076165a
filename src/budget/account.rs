//! What one spender took: sums over the last steps of time, and what is under way.

/// A window is cut into so many steps. What was taken in a step counts until as many more have passed.
pub(super) const STEPS: u64 = 12;
/// The step under way and all that it counts with.
const KEPT: usize = STEPS as usize + 1;

/// An account.
#[derive(Debug)]
pub(super) struct Account {
    /// The latest step that it knows of.
    pub(super) step: u64,
    /// How many have taken something and not settled.
    pub(super) open: u32,
    /// By limit.
    windows: Box<[Window]>,
}

/// What one limit counts.
#[derive(Clone, Debug, Default)]
struct Window {
    /// What was taken in each step, that of step `s` at `s % KEPT`.
    sums: [u64; KEPT],
    /// Reserved by what is under way.
    held: u64,
}

impl Account {
    pub(super) fn new(limits: usize, step: u64) -> Account {
        Account { step, open: 0, windows: vec![Window::default(); limits].into() }
    }

    /// Forgets what no longer counts at this step. Time does not go back.
    pub(super) fn move_on(&mut self, step: u64) {
        let passed = step.saturating_sub(self.step).min(KEPT as u64);
        for new in 1..=passed {
            let at = place(step - passed + new);
            self.windows.iter_mut().for_each(|window| window.sums[at] = 0);
        }
        self.step = self.step.max(step);
    }

    /// What counts against a limit, with what is reserved.
    pub(super) fn taken(&self, limit: usize) -> u64 {
        let window = &self.windows[limit];
        window.sums.iter().fold(window.held, |all, &sum| all.saturating_add(sum))
    }

    /// Takes so much in the step under way.
    pub(super) fn add(&mut self, limit: usize, much: u64) {
        let sum = &mut self.windows[limit].sums[place(self.step)];
        *sum = sum.saturating_add(much);
    }

    /// Takes back what was taken in a step, if that still counts.
    pub(super) fn take_back(&mut self, limit: usize, step: u64, much: u64) {
        if self.step.saturating_sub(step) < KEPT as u64 {
            let sum = &mut self.windows[limit].sums[place(step)];
            *sum = sum.saturating_sub(much);
        }
    }

    /// Reserves so much.
    pub(super) fn hold(&mut self, limit: usize, much: u64) {
        let held = &mut self.windows[limit].held;
        *held = held.saturating_add(much);
    }

    /// Gives up a reservation.
    pub(super) fn release(&mut self, limit: usize, much: u64) {
        let held = &mut self.windows[limit].held;
        *held = held.saturating_sub(much);
    }

    /// The step from which on so much less counts; `None`: what is taken comes to less than that.
    pub(super) fn freed_at(&self, limit: usize, much: u64) -> Option<u64> {
        let mut freed = 0u64;
        let oldest = self.step.saturating_sub(STEPS);
        (oldest..=self.step).find_map(|step| {
            freed = freed.saturating_add(self.windows[limit].sums[place(step)]);
            (freed >= much).then_some(step + KEPT as u64)
        })
    }

    /// Whether anything counts at this step, or may come to count.
    pub(super) fn is_needed(&mut self, step: u64) -> bool {
        self.move_on(step);
        self.open > 0 || (0..self.windows.len()).any(|limit| self.taken(limit) > 0)
    }
}

fn place(step: u64) -> usize {
    (step % KEPT as u64) as usize
}
