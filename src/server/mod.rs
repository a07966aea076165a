//! The data port: from an accepted connection to a finished response.
//!
//! [`journey`] is the file to read first.

pub mod access;
pub mod body;
pub mod error;
mod facts;
pub mod journey;
pub mod keys;
pub mod limits;
pub mod origin;
pub mod path;
pub mod route;

mod budgets;
mod decode;
mod guarded;
mod id;
mod listener;
mod live;
mod query;
mod recorder;
mod refuse;
mod runtime;
mod stall;
mod stored;
mod streamed;
mod tainted;
mod tenant;

pub use access::Access;
pub use body::Body;
pub use error::RequestError;
pub use id::RequestId;
pub use journey::{App, Call, SetUpError};
pub use limits::{Busy, InFlight, Permit};
pub use live::Live;
pub use runtime::{Server, StartError};
