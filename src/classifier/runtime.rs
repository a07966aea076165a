//! Finds ONNX Runtime's shared library and opens it once for the process.
//!
//! The library is loaded by its full path and never by the system's search. Its telemetry is switched off, for which
//! [`silence_telemetry`] has to run first.

use std::env;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use ort::environment::Environment;

use super::places;

const FOLDER: &str = ".runtime/onnxruntime";
const FILE: &str = "libonnxruntime.so";
const SILENT: &str = "ORT_DISABLE_TELEMETRY";

/// Why there is no ONNX Runtime.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// No library in any of the usual places.
    #[error(
        "ONNX Runtime's library is missing (looked for {FOLDER}/{FILE} in {looked}): \
         run `make runtime`, or set ORT_DYLIB_PATH to a {FILE} of version 1.24 or later"
    )]
    Missing {
        /// The places, in order.
        looked: String,
    },
    /// A library that does not load, or one that is too old.
    #[error("ONNX Runtime does not load: {problem}: run `make runtime`, or set ORT_DYLIB_PATH to another {FILE}")]
    Unusable {
        /// What the loader said.
        problem: String,
    },
}

/// The environment that every session is made in. A failure is not remembered: the next call looks again.
pub(super) fn environment() -> Result<Environment, RuntimeError> {
    static OPEN: Mutex<Option<Environment>> = Mutex::new(None);
    let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(environment) = &*open {
        return Ok(environment.clone());
    }
    let unusable = |problem: &dyn std::fmt::Display| RuntimeError::Unusable { problem: problem.to_string() };
    // Builders that find the library by themselves panic when there is none.
    let builder = ort::init_from(library()?).map_err(|e| unusable(&e))?;
    let environment = builder.with_name("palisade").with_telemetry(false).build().map_err(|e| unusable(&e))?;
    Ok(open.insert(environment).clone())
}

/// To be called first thing in `main`: starts the program anew, as the same process, with `ORT_DISABLE_TELEMETRY=1`,
/// unless it is set already.
///
/// Switching telemetry off through its API is too late: version 1.31 by then has written a device id to the user's
/// cache folder and looked up its maker's host. Setting the variable from within would be `unsafe`.
///
/// # Errors
/// The program could not be started anew, and goes on as it is.
pub fn silence_telemetry() -> io::Result<()> {
    if env::var_os(SILENT).is_some_and(|value| value == "1") {
        return Ok(());
    }
    let mut arguments = env::args_os();
    let mut again = Command::new(env::current_exe()?);
    if let Some(name) = arguments.next() {
        again.arg0(name);
    }
    Err(again.args(arguments).env(SILENT, "1").exec())
}

/// Whether a library can be found. Says nothing about whether it loads.
pub fn available() -> bool {
    library().is_ok()
}

fn library() -> Result<PathBuf, RuntimeError> {
    if let Some(path) = env::var_os("ORT_DYLIB_PATH").filter(|path| !path.is_empty()) {
        let path = PathBuf::from(path);
        // A relative path would be tried against the executable's folder first.
        return std::path::absolute(&path)
            .map_err(|e| RuntimeError::Unusable { problem: format!("{}: {e}", path.display()) });
    }
    let roots = places::roots();
    let found = roots.iter().map(|root| root.join(FOLDER).join(FILE)).find(|file| file.is_file());
    found.ok_or_else(|| RuntimeError::Missing { looked: places::shown(&roots) })
}
