//! The process behind a port of this machine, and the CPU that it uses. Linux: read from `/proc`.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A process whose CPU can be read.
#[derive(Debug)]
pub(super) struct Process(PathBuf);

impl Process {
    /// Who listens on this port of this machine. `None`: nobody, elsewhere, or not ours to see.
    pub(super) fn listening(host: &str, port: u16) -> Option<Process> {
        let host = host.trim_matches(['[', ']']);
        let here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
        if !here {
            return None;
        }
        let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(|table| fs::read_to_string(table).unwrap_or_default());
        let sockets: HashSet<String> = tables.iter().flat_map(|table| listeners(table, port)).collect();
        // Processes by their number alone: `self` and `thread-self` are further names of this one.
        let numbered = |name: &OsStr| name.as_encoded_bytes().iter().all(u8::is_ascii_digit);
        let entries = fs::read_dir("/proc").ok()?.flatten().filter(|entry| numbered(&entry.file_name()));
        entries.map(|entry| entry.path()).find(|path| holds(path, &sockets)).map(Process)
    }

    /// CPU that it has used so far, in user mode and in the kernel, to a hundredth of a second.
    pub(super) fn cpu(&self) -> Option<Duration> {
        let stat = fs::read_to_string(self.0.join("stat")).ok()?;
        // proc_pid_stat(5): fields 14 and 15, in ticks of 1/100 s. The name, field 2, may hold spaces.
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
        let ticks: u64 = fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?;
        Some(Duration::from_millis(ticks * 10))
    }
}

/// What `/proc/PID/fd` calls the sockets that listen on a port, from a table such as `/proc/net/tcp`.
fn listeners(table: &str, port: u16) -> Vec<String> {
    const LISTEN: &str = "0A";
    let lines = table.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
    let wanted = format!(":{port:04X}");
    lines
        .filter(|fields| fields.get(1).is_some_and(|local| local.ends_with(&wanted)) && fields.get(3) == Some(&LISTEN))
        .filter_map(|fields| fields.get(9).map(|inode| format!("socket:[{inode}]")))
        .collect()
}

fn holds(process: &Path, sockets: &HashSet<String>) -> bool {
    let Ok(open) = fs::read_dir(process.join("fd")) else { return false };
    open.flatten()
        .any(|file| fs::read_link(file.path()).is_ok_and(|to| to.to_str().is_some_and(|to| sockets.contains(to))))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn finds_who_listens() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let process = Process::listening("127.0.0.1", port).unwrap();
        assert!(process.0.ends_with(std::process::id().to_string()), "{process:?}");
        assert!(process.cpu().is_some());
        assert!(Process::listening("192.0.2.1", port).is_none());
        drop(listener);
        assert!(Process::listening("localhost", port).is_none());
    }
}
