//! What the bot does outside of chat: commands of steps, and questions to health checks. What comes of each reaches the
//! loop as everything else does.

use std::collections::BTreeMap;

use tokio::sync::mpsc::WeakUnboundedSender;
use tokio::sync::oneshot;

use super::arrivals::Arrival;
use crate::bot::Sample;
use crate::engine::id::RowId;
use crate::engine::{Input, Left, Run};
use crate::health::Checks;
use crate::runner::{self, LIVE, Marks};

/// The commands that run, and whom to ask.
pub(super) struct Hands {
    checks: Checks,
    marks: Marks,
    /// By the row of its intent, what ends each.
    running: BTreeMap<RowId, oneshot::Sender<()>>,
    arrivals: WeakUnboundedSender<Arrival>,
}

impl Hands {
    pub(super) fn new(checks: Checks, marks: Marks, arrivals: WeakUnboundedSender<Arrival>) -> Self {
        Self { checks, marks, running: BTreeMap::new(), arrivals }
    }

    /// Asks these checks from now on.
    pub(super) fn measure_by(&mut self, checks: Checks) {
        self.checks = checks;
    }

    /// Starts a command, in a thread of its own.
    pub(super) fn start(&mut self, run: Run) {
        // Where the loop has ended, nothing begins any more.
        let Some(arrivals) = self.arrivals.upgrade() else { return };
        let row = run.row;
        let (stop, stopped) = oneshot::channel();
        self.forget_ended();
        self.running.insert(row, stop);
        let lines = arrivals.clone();
        let line = move |line| drop(lines.send(Arrival::Inputs(vec![Input::Output { row, line }], None)));
        let ended = move |ended| drop(arrivals.send(Arrival::Inputs(vec![Input::Ran { row, ended }], None)));
        runner::start(self.marks.command(run), LIVE, stopped, line, ended);
    }

    /// Watches a command that an earlier program left at work.
    pub(super) fn watch(&mut self, left: Left) {
        let row = left.row;
        let (stop, stopped) = oneshot::channel();
        self.running.insert(row, stop);
        let arrivals = self.arrivals.clone();
        runner::watch(self.marks.clone(), left, stopped, move |still| {
            if let Some(arrivals) = arrivals.upgrade() {
                let _ = arrivals.send(Arrival::Inputs(vec![Input::Gone { row, still }], None));
            }
        });
    }

    /// Ends a command. One that has ended by itself meanwhile has said so.
    pub(super) fn stop(&mut self, row: RowId) {
        if let Some(stop) = self.running.remove(&row) {
            let _ = stop.send(());
        }
    }

    /// Asks a check.
    pub(super) fn measure(&self, sample: Sample) {
        let (checks, arrivals) = (self.checks.clone(), self.arrivals.clone());
        tokio::spawn(async move {
            let answer = checks.measure(&sample.check).await;
            if let Some(arrivals) = arrivals.upgrade() {
                let _ = arrivals.send(Arrival::Measured(sample, answer));
            }
        });
    }

    /// The rows of the commands that still run.
    pub(super) fn running(&mut self) -> Vec<RowId> {
        self.forget_ended();
        self.running.keys().copied().collect()
    }

    fn forget_ended(&mut self) {
        self.running.retain(|_, stop| !stop.is_closed());
    }
}
