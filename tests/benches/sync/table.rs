//! What was measured, as a table on standard output: medians with the least and the most beside them.

use crate::talk::Met;

/// One run of a workload.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sample {
    /// How long it took, seconds.
    pub wall_s: f64,
    /// Processor time of device and hub, seconds.
    pub cpu_s: [f64; 2],
    /// The most memory of device and hub, MiB.
    pub memory_mib: [f64; 2],
    /// What the protocol said, up and down, bytes.
    pub payload: Option<[u64; 2]>,
    /// What went over the road, up and down, bytes.
    pub road: [u64; 2],
    /// Round trips after the handshake.
    pub round_trips: u32,
}

impl Sample {
    /// A meeting, as the device tells of it.
    pub fn of(met: &Met) -> Self {
        let Met { wall_s, payload, road, round_trips, is_in_step: _ } = *met;
        Self { wall_s, payload, road, round_trips, ..Self::default() }
    }
}

/// One line of a table.
pub struct Row {
    label: String,
    samples: Vec<Sample>,
}

impl Row {
    /// An empty one.
    pub fn new(label: impl Into<String>) -> Self {
        Self { label: label.into(), samples: Vec::new() }
    }

    /// One more run.
    pub fn push(&mut self, sample: Sample) {
        self.samples.push(sample);
    }

    /// The middle one of something, or of the two in the middle the lesser; 0 without a run.
    pub fn median(&self, of: impl Fn(&Sample) -> f64) -> f64 {
        let mut all: Vec<f64> = self.samples.iter().map(of).collect();
        all.sort_by(f64::total_cmp);
        all.get(all.len().saturating_sub(1) / 2).copied().unwrap_or_default()
    }

    /// The median time, seconds.
    pub fn wall_s(&self) -> f64 {
        self.median(|sample| sample.wall_s)
    }

    /// The longest time, seconds.
    pub fn most_wall_s(&self) -> f64 {
        self.samples.iter().map(|sample| sample.wall_s).fold(0.0, f64::max)
    }

    /// The median processor time of both ends together, seconds.
    pub fn cpu_s(&self) -> f64 {
        self.median(|sample| sample.cpu_s.iter().sum())
    }

    /// The median of what went over the road both ways, bytes.
    pub fn road(&self) -> f64 {
        self.median(|sample| sample.road.iter().sum::<u64>() as f64)
    }

    /// The median of what the protocol said both ways, bytes; `None` if it is not counted.
    pub fn payload(&self) -> Option<f64> {
        let is_counted = self.samples.iter().all(|sample| sample.payload.is_some());
        is_counted.then(|| self.median(|sample| sample.payload.iter().flatten().sum::<u64>() as f64))
    }

    /// The median of the round trips after the handshake.
    pub fn round_trips(&self) -> f64 {
        self.median(|sample| f64::from(sample.round_trips))
    }

    fn line(&self) -> String {
        let least = self.samples.iter().map(|sample| sample.wall_s).fold(f64::INFINITY, f64::min);
        let wall = match self.samples.len() {
            0 => return format!("  {:<44} not run", self.label),
            1 => seconds(self.wall_s()),
            _ => format!("{} ({}..{})", seconds(self.wall_s()), seconds(least), seconds(self.most_wall_s())),
        };
        let two =
            |of: fn(&Sample) -> [f64; 2]| [self.median(|sample| of(sample)[0]), self.median(|sample| of(sample)[1])];
        let (cpu, memory) = (two(|sample| sample.cpu_s), two(|sample| sample.memory_mib));
        let road = two(|sample| sample.road.map(|bytes| bytes as f64));
        let payload = match self.payload() {
            Some(_) => {
                let payload = two(|sample| sample.payload.unwrap_or_default().map(|bytes| bytes as f64));
                format!("{} / {}", number(payload[0]), number(payload[1]))
            }
            None => "-".to_owned(),
        };
        format!(
            "  {:<44} {wall:<22} {:<14} {:<12} {payload:<24} {:<24} {:>5}",
            self.label,
            format!("{:.2} / {:.2}", cpu[0], cpu[1]),
            format!("{:.0} / {:.0}", memory[0], memory[1]),
            format!("{} / {}", number(road[0]), number(road[1])),
            self.round_trips(),
        )
    }
}

/// What was to be reached, and whether it was.
struct Target {
    what: String,
    limit: String,
    measured: String,
    is_met: bool,
}

/// The table as it grows.
#[derive(Default)]
pub struct Table {
    targets: Vec<Target>,
}

impl Table {
    /// Begins a workload without lines.
    pub fn title(&self, title: &str) {
        println!("\n{title}");
    }

    /// Begins a workload.
    pub fn begin(&self, title: &str) {
        self.title(title);
        println!(
            "  {:<44} {:<22} {:<14} {:<12} {:<24} {:<24} {:>5}",
            "", "wall s", "CPU s", "memory MiB", "payload B up / down", "on the road B up / down", "trips"
        );
    }

    /// Shows a line.
    pub fn row(&self, row: &Row) {
        println!("{}", row.line());
    }

    /// Says something beside the lines.
    pub fn note(&self, note: &str) {
        println!("  {note}");
    }

    /// Notes what must be at most so much.
    pub fn at_most(&mut self, what: &str, unit: &str, limit: f64, measured: Option<f64>) {
        self.target(what, unit, "at most", limit, measured, |measured| measured <= limit);
    }

    /// Notes what must be at least so much.
    pub fn at_least(&mut self, what: &str, unit: &str, limit: f64, measured: Option<f64>) {
        self.target(what, unit, "at least", limit, measured, |measured| measured >= limit);
    }

    fn target(
        &mut self,
        what: &str,
        unit: &str,
        word: &str,
        limit: f64,
        measured: Option<f64>,
        is_met: impl Fn(f64) -> bool,
    ) {
        let show =
            |value: f64| if value >= 1_000.0 { number(value) } else { format!("{}", (value * 100.0).round() / 100.0) };
        self.targets.push(Target {
            what: what.to_owned(),
            limit: format!("{word} {} {unit}", show(limit)),
            measured: measured.map_or_else(|| "not counted".to_owned(), show),
            is_met: measured.is_some_and(is_met),
        });
    }

    /// Shows what was to be reached with ten thousand documents, and was with so many.
    pub fn end(&self, documents: usize) {
        println!("\nTargets, which were set for 10,000 documents; here with {}", number(documents as f64));
        for Target { what, limit, measured, is_met } in &self.targets {
            println!("  {:<11} {what:<52} {limit:<30} {measured}", if *is_met { "met" } else { "NOT MET" });
        }
        let met = self.targets.iter().filter(|target| target.is_met).count();
        println!("  {met} of {} met", self.targets.len());
    }
}

fn seconds(value: f64) -> String {
    if value < 10.0 { format!("{value:.3}") } else { format!("{value:.1}") }
}

/// A whole number with its thousands set apart.
pub fn number(value: f64) -> String {
    let digits = format!("{:.0}", value);
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().filter_map(|group| std::str::from_utf8(group).ok()).collect();
    groups.join(",")
}
