//! The data port: from an accepted connection to a finished response.
//!
//! [`journey`] is the file to read first.

pub mod body;
pub mod error;
pub mod journey;
pub mod limits;
pub mod path;
pub mod route;

mod guarded;
mod id;
mod listener;
mod refuse;
mod runtime;
mod stall;
mod streamed;

pub use body::Body;
pub use error::RequestError;
pub use id::RequestId;
pub use journey::{App, Call, SetUpError};
pub use limits::{InFlight, Permit};
pub use runtime::{Server, StartError};
