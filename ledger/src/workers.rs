//! Work that needs no database, done by several threads at once.

use std::{
    panic::resume_unwind,
    sync::{LazyLock, Mutex, PoisonError},
    thread::{self, available_parallelism},
};

/// Most threads that help, whatever the machine has: each holds one document, and others want to be served too.
const WORKERS_MAX: usize = 4;

/// Threads that this machine has for it. Asked once: each time it is asked, the standard library reads control groups' files.
static WORKERS: LazyLock<usize> = LazyLock::new(|| available_parallelism().map_or(1, usize::from).min(WORKERS_MAX));

/// Does `work` for every task; what came of it, in the order of the tasks. One task alone needs no second thread.
pub(crate) fn in_parallel<T: Send, R: Send>(tasks: Vec<T>, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let workers = WORKERS.min(tasks.len());
    if workers <= 1 {
        return tasks.into_iter().map(work).collect();
    }
    let queue = Mutex::new(tasks.into_iter().enumerate());
    let help = || {
        let mut done = Vec::new();
        loop {
            // Taken in a statement of its own, so that the queue is free while the work is done.
            let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
            match next {
                Some((place, task)) => done.push((place, work(task))),
                None => return done,
            }
        }
    };
    let mut done = thread::scope(|scope| {
        let helpers: Vec<_> = (1..workers).map(|_| scope.spawn(help)).collect();
        let mut done = help();
        for helper in helpers {
            done.extend(helper.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        done
    });
    done.sort_unstable_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_stand_in_the_order_of_their_tasks() {
        assert_eq!(in_parallel((0..1_000).collect(), |n: u64| n * n), (0..1_000).map(|n| n * n).collect::<Vec<_>>());
        assert!(in_parallel(Vec::<u64>::new(), |n| n).is_empty());
    }
}
