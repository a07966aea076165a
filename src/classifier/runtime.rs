//! Finds ONNX Runtime's shared library and opens it once for the process.
//!
//! The library is loaded by its full path and never by the system's search. Its own telemetry is switched off.

use std::env;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use ort::environment::Environment;

use super::places;

const FOLDER: &str = ".runtime/onnxruntime";
const FILE: &str = "libonnxruntime.so";

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
