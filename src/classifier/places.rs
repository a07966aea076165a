//! Where files that are not compiled in are looked for: classifiers and ONNX Runtime's library.
//!
//! Nothing is searched for by pattern outside these places, and a configured folder is the only one looked into.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use super::model::ModelError;

/// The folders that hold classifiers, one folder each.
#[derive(Clone, Debug)]
pub struct ModelDirs(Vec<PathBuf>);

impl ModelDirs {
    /// `models/` in each of the usual places: `PALISADE_HOME`, the working directory, the executable's folder.
    pub fn usual() -> ModelDirs {
        ModelDirs(roots().into_iter().map(|root| root.join("models")).collect())
    }

    /// This folder and no other.
    pub fn only(dir: impl Into<PathBuf>) -> ModelDirs {
        ModelDirs(vec![dir.into()])
    }

    /// The folder of this model: the first that exists. A name is one path segment, so that it cannot lead elsewhere.
    pub fn find(&self, name: &str) -> Result<PathBuf, ModelError> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if name.is_empty() || name.starts_with('.') || !name.chars().all(plain) {
            return Err(ModelError::Name { name: name.to_owned() });
        }
        self.0.iter().map(|dir| dir.join(name)).find(|path| path.is_dir()).ok_or_else(|| ModelError::Missing {
            name: name.to_owned(),
            looked: shown(&self.0),
            found: self.names(),
        })
    }

    fn names(&self) -> String {
        let names: BTreeSet<String> = self
            .0
            .iter()
            .filter_map(|dir| fs::read_dir(dir).ok())
            .flat_map(|entries| entries.filter_map(Result::ok))
            .filter(|entry| entry.path().join("config.json").is_file())
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        if names.is_empty() { "none".to_owned() } else { names.into_iter().collect::<Vec<_>>().join(", ") }
    }
}

/// `PALISADE_HOME`, the working directory, and the executable's folder; of a build in `target/`, also the folders above
/// it up to the project's. What the operator names comes before what happens to lie around.
pub(super) fn roots() -> Vec<PathBuf> {
    let mut roots = Vec::new();
    if let Some(home) = env::var_os("PALISADE_HOME").filter(|home| !home.is_empty()) {
        roots.push(PathBuf::from(home));
    }
    roots.extend(env::current_dir().ok());
    if let Some(dir) = env::current_exe().ok().as_deref().and_then(Path::parent) {
        for folder in executable_folders(dir) {
            if !roots.contains(&folder) {
                roots.push(folder);
            }
        }
    }
    roots
}

/// The places, for an error message.
pub(super) fn shown(places: &[PathBuf]) -> String {
    places.iter().map(|place| place.display().to_string()).collect::<Vec<_>>().join(", ")
}

fn executable_folders(dir: &Path) -> Vec<PathBuf> {
    let chain: Vec<PathBuf> = dir.ancestors().map(Path::to_path_buf).collect();
    let depth = chain.iter().position(|folder| folder.ends_with("target")).map_or(1, |target| target + 2);
    chain.into_iter().take(depth).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_folder_leads_to_its_project() {
        let folders = executable_folders(Path::new("/src/palisade/target/debug/deps"));
        assert_eq!(
            folders,
            ["/src/palisade/target/debug/deps", "/src/palisade/target/debug", "/src/palisade/target", "/src/palisade"]
                .map(PathBuf::from)
        );
        assert_eq!(executable_folders(Path::new("/usr/bin")), [PathBuf::from("/usr/bin")]);
    }

    #[test]
    fn a_name_cannot_leave_the_folder() {
        let dirs = ModelDirs::only("/tmp");
        for name in ["", "..", "../etc", "a/b", "a\\b", ".hidden"] {
            assert!(matches!(dirs.find(name), Err(ModelError::Name { .. })), "{name:?}");
        }
    }
}
