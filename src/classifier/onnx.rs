//! One ONNX Runtime session: ids of one window in, scores or a vector out. With `runtime.rs` and `vectors.rs`, the only place
//! that names `ort`.
//!
//! One thread a session, one window a run, no padding: a quantised model takes its scale from all it is given, so that
//! whatever else went in would move the scores.

use ort::environment::Environment;
use ort::session::builder::{GraphOptimizationLevel, PrepackedWeights};
use ort::session::{HasSelectedOutputs, OutputSelector, RunOptions, Session};
use ort::value::{Outlet, TensorElementType, TensorRef};

use super::model::{Activation, ModelError, ModelFolder, Tagging, invalid};
use super::vectors::Source;
use super::{Classifier, Input, Outputs};

/// Makes the sessions of one model; all of them share the weights that ONNX Runtime rearranges.
pub(super) struct Sessions {
    environment: Environment,
    weights: PrepackedWeights,
}

/// What the graph wants to know about a window.
#[derive(Clone, Copy, Debug)]
enum Feed {
    Ids,
    Mask,
    Types,
    Positions,
}

/// A session with what it takes to ask it.
struct Onnx {
    session: Session,
    inputs: Inputs,
    /// The logits of the labels, unless there are none.
    output: Option<String>,
    /// The logits of each token's tags, and how many there are.
    tags: Option<(String, usize)>,
    only_outputs: RunOptions<HasSelectedOutputs>,
    activation: Activation,
    labels: usize,
    /// Where vectors come from, or why there are none.
    vectors: Result<Source, String>,
}

/// What the graph is fed with, as long as a window may be.
struct Inputs {
    feeds: Vec<(String, Feed)>,
    /// 1, 1, 1, …
    mask: Vec<i64>,
    /// 0, 0, 0, …
    types: Vec<i64>,
    /// The first position, the next, …
    positions: Vec<i64>,
}

impl Sessions {
    /// The environment must exist before anything else of ONNX Runtime is touched.
    pub(super) fn new(environment: &Environment) -> Sessions {
        Sessions { environment: environment.clone(), weights: PrepackedWeights::new() }
    }

    /// A session of its own for one worker, tried once with an empty text.
    pub(super) fn open(&self, folder: &ModelFolder, probe: &[i64]) -> Result<Box<dyn Classifier>, ModelError> {
        let refuse = |problem: String| invalid(&folder.graph, problem);
        let session = self.session(folder).map_err(|error| refuse(error.to_string()))?;
        let feeds = feeds(session.inputs()).map_err(refuse)?;
        let labels = folder.info.labels.len();
        let tags = match &folder.tags {
            Some(tagging) => Some(tag_output(session.outputs(), tagging).map_err(refuse)?),
            None => None,
        };
        let others = [folder.embedding.as_deref(), tags.as_ref().map(|(name, _)| name.as_str())];
        let output = match labels {
            0 => None,
            labels => Some(output(session.outputs(), others, labels).map_err(refuse)?),
        };
        let judges = output.is_some() || tags.is_some();
        let vectors = Source::find(session.outputs(), folder.embedding.as_deref(), folder.pooling);
        if let (false, Err(problem)) = (judges, &vectors) {
            return Err(refuse(format!("config.json has no `id2label`, and {problem}")));
        }
        let only_outputs = RunOptions::new().map_err(|error| refuse(error.to_string()))?;
        let wanted = output.iter().chain(tags.as_ref().map(|(name, _)| name));
        let selector = wanted.fold(OutputSelector::no_default(), OutputSelector::with);
        let only_outputs = only_outputs.with_outputs(selector);
        let length = i64::try_from(folder.info.max_length).unwrap_or(i64::MAX);
        let mut onnx = Onnx {
            session,
            inputs: Inputs {
                feeds,
                mask: vec![1; folder.info.max_length],
                types: vec![0; folder.info.max_length],
                positions: (folder.first_position..folder.first_position.saturating_add(length)).collect(),
            },
            output,
            tags,
            only_outputs,
            activation: folder.activation,
            labels,
            vectors,
        };
        let probe = Input { ids: probe, text: "" };
        let trial = if judges { onnx.score(&probe).map(|_| ()) } else { onnx.vector(&probe).map(|_| ()) };
        trial.map_err(|problem| refuse(format!("a trial run failed: {problem}")))?;
        Ok(Box::new(onnx))
    }

    fn session(&self, folder: &ModelFolder) -> ort::Result<Session> {
        let mut builder = Session::builder(&self.environment)?
            .with_optimization_level(GraphOptimizationLevel::All)?
            .with_intra_threads(1)?
            .with_inter_threads(1)?
            .with_intra_op_spinning(false)?
            .with_inter_op_spinning(false)?
            .with_prepacked_weights(&self.weights)?;
        builder.commit_from_file(&folder.graph)
    }
}

impl Classifier for Onnx {
    fn score(&mut self, input: &Input<'_>) -> Result<Outputs, String> {
        let length = input.ids.len();
        let tensors = self.inputs.tensors(input.ids)?;
        let outputs = self.session.run_with_options(tensors, &self.only_outputs).map_err(|error| error.to_string())?;
        let logits = |name: &str| {
            let logits = outputs.get(name).ok_or("the graph gave no logits")?;
            let (_, logits) = logits.try_extract_tensor::<f32>().map_err(|error| error.to_string())?;
            Ok::<_, String>(logits.to_vec())
        };
        let mut scores = self.output.as_deref().map_or(Ok(Vec::new()), logits)?;
        if scores.len() != self.labels {
            return Err(format!("the graph gave {} logits, config.json has {} labels", scores.len(), self.labels));
        }
        self.activation.apply(&mut scores);
        let Some((name, count)) = &self.tags else { return Ok(Outputs { scores, tags: Vec::new() }) };
        let tags = logits(name)?;
        if tags.len() == length * count {
            return Ok(Outputs { scores, tags });
        }
        Err(format!("the graph gave {} numbers for {length} tokens of {count} tags", tags.len()))
    }

    fn vector(&mut self, input: &Input<'_>) -> Result<Vec<f32>, String> {
        let source = self.vectors.as_ref().map_err(Clone::clone)?;
        let tensors = self.inputs.tensors(input.ids)?;
        let outputs = self.session.run_with_options(tensors, &source.only_output).map_err(|error| error.to_string())?;
        let numbers = outputs.get(&source.output).ok_or("the graph gave no vectors")?;
        let (shape, numbers) = numbers.try_extract_tensor::<f32>().map_err(|error| error.to_string())?;
        source.pool(shape, numbers, input.ids.len())
    }
}

impl Inputs {
    /// All inputs for a window with these ids.
    fn tensors<'a>(&'a self, ids: &'a [i64]) -> Result<Vec<(&'a str, TensorRef<'a, i64>)>, String> {
        let length = ids.len();
        let too_long = || format!("a window of {length} tokens is longer than the model's {}", self.mask.len());
        let shape = [1, length];
        let mut tensors = Vec::with_capacity(self.feeds.len());
        for (name, feed) in &self.feeds {
            let values = match feed {
                Feed::Ids => Some(ids),
                Feed::Mask => self.mask.get(..length),
                Feed::Types => self.types.get(..length),
                Feed::Positions => self.positions.get(..length),
            };
            let values = values.ok_or_else(too_long)?;
            let tensor = TensorRef::from_array_view((shape, values)).map_err(|error| error.to_string())?;
            tensors.push((name.as_str(), tensor));
        }
        Ok(tensors)
    }
}

fn feeds(inputs: &[Outlet]) -> Result<Vec<(String, Feed)>, String> {
    let mut feeds = Vec::with_capacity(inputs.len());
    for input in inputs {
        let name = input.name();
        let feed = match name {
            "input_ids" => Feed::Ids,
            "attention_mask" => Feed::Mask,
            "token_type_ids" => Feed::Types,
            "position_ids" => Feed::Positions,
            _ => {
                return Err(format!(
                    "the graph wants the input `{name}`; a text-classification export has only input_ids, \
                     attention_mask, token_type_ids and position_ids"
                ));
            }
        };
        if input.dtype().tensor_type() != Some(TensorElementType::Int64) {
            return Err(format!("the input `{name}` is {}; export it as int64", input.dtype()));
        }
        let shape = input.dtype().tensor_shape();
        let free = shape.is_some_and(|shape| shape.len() == 2 && matches!(shape[0], -1 | 1) && shape[1] == -1);
        if !free {
            return Err(format!(
                "the input `{name}` is {}; export it with dynamic axes (batch, sequence)",
                input.dtype()
            ));
        }
        feeds.push((name.to_owned(), feed));
    }
    if feeds.iter().any(|(_, feed)| matches!(feed, Feed::Ids)) {
        Ok(feeds)
    } else {
        Err("the graph has no input `input_ids`: not a text-classification export".to_owned())
    }
}

/// The output with the logits of the labels: the one of that name, else the only one that is none of the others.
fn output(outputs: &[Outlet], others: [Option<&str>; 2], labels: usize) -> Result<String, String> {
    let names = || outputs.iter().map(Outlet::name).collect::<Vec<_>>().join(", ");
    let missing = |other: &&str| !outputs.iter().any(|output| output.name() == *other);
    if let Some(other) = others.into_iter().flatten().find(missing) {
        return Err(format!("palisade.yaml names the output `{other}`, the graph has {}", names()));
    }
    let mut rest = outputs.iter().filter(|output| !others.contains(&Some(output.name())));
    let named = rest.clone().find(|output| output.name() == "logits");
    let ((Some(logits), ..) | (None, Some(logits), None)) = (named, rest.next(), rest.next()) else {
        return Err(format!("the graph has no output `logits` (it has {})", names()));
    };
    numbers(logits)?;
    match last_of(logits) {
        Some(n) if n != labels => Err(format!("the graph gives {n} logits, config.json has {labels} labels")),
        _ => Ok(logits.name().to_owned()),
    }
}

/// The output with the logits of the tags, [batch, tokens, tags], and how many tags there are.
fn tag_output(outputs: &[Outlet], tagging: &Tagging) -> Result<(String, usize), String> {
    let names = || outputs.iter().map(Outlet::name).collect::<Vec<_>>().join(", ");
    let found = match &tagging.output {
        Some(name) => outputs.iter().find(|output| output.name() == name),
        None => outputs.iter().find(|output| output.name() == "logits").or(outputs.first()),
    };
    let wanted = tagging.output.as_deref().unwrap_or("logits");
    let found = found.ok_or_else(|| format!("the graph has no output `{wanted}` (it has {})", names()))?;
    numbers(found)?;
    let (rank, count) = (found.dtype().tensor_shape().map_or(0, |shape| shape.len()), tagging.tags.len());
    if rank != 3 {
        return Err(format!("the output `{}` is {}: tags of tokens have three axes", found.name(), found.dtype()));
    }
    match last_of(found) {
        Some(n) if n != count => Err(format!("the output `{}` has {n} tags, the folder names {count}", found.name())),
        _ => Ok((found.name().to_owned(), count)),
    }
}

fn numbers(output: &Outlet) -> Result<(), String> {
    if output.dtype().tensor_type() == Some(TensorElementType::Float32) {
        return Ok(());
    }
    Err(format!("the output `{}` is {}; export it as float32", output.name(), output.dtype()))
}

/// The length of the last axis, if it is fixed.
fn last_of(output: &Outlet) -> Option<usize> {
    let last = output.dtype().tensor_shape().and_then(|shape| shape.last().copied());
    last.and_then(|n| usize::try_from(n).ok())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use ort::value::{Shape, SymbolicDimensions, ValueType};

    use super::super::runtime;
    use super::*;

    /// Even the types of `ort` need the library.
    fn runtime() -> bool {
        let found = runtime::environment();
        assert!(found.is_ok() || std::env::var_os("CI").is_none(), "ONNX Runtime is missing: run `make runtime`");
        if let Err(error) = &found {
            eprintln!("skipped: {error}");
        }
        found.is_ok()
    }

    fn outlet(name: &str, ty: TensorElementType, shape: [i64; 2]) -> Outlet {
        let dimension_symbols = SymbolicDimensions::empty(2);
        Outlet::new(name, ValueType::Tensor { ty, shape: Shape::new(shape), dimension_symbols })
    }

    fn input(name: &str) -> Outlet {
        outlet(name, TensorElementType::Int64, [-1, -1])
    }

    fn logits(name: &str, count: i64) -> Outlet {
        outlet(name, TensorElementType::Float32, [-1, count])
    }

    #[test]
    fn inputs_are_fed_by_name_or_refused() {
        if !runtime() {
            return;
        }
        let names =
            |inputs: &[Outlet]| feeds(inputs).map(|feeds| feeds.into_iter().map(|feed| feed.0).collect::<Vec<_>>());
        assert_eq!(names(&[input("attention_mask"), input("input_ids")]).unwrap(), ["attention_mask", "input_ids"]);
        let refused = [
            (vec![input("input_ids"), input("decoder_input_ids")], "the graph wants the input `decoder_input_ids`"),
            (vec![input("attention_mask")], "the graph has no input `input_ids`"),
            (vec![outlet("input_ids", TensorElementType::Int32, [-1, -1])], "the input `input_ids` is Tensor<i32>"),
            (vec![outlet("input_ids", TensorElementType::Int64, [1, 128])], "the input `input_ids` is Tensor<i64>"),
        ];
        for (inputs, expected) in refused {
            let problem = names(&inputs).unwrap_err();
            assert!(problem.starts_with(expected), "{problem}");
        }
    }

    #[test]
    fn the_logits_are_found_or_it_is_said_why_not() {
        if !runtime() {
            return;
        }
        let both = [logits("embedding", 384), logits("logits", 2)];
        assert_eq!(output(&both, [Some("embedding"), None], 2).unwrap(), "logits");
        assert_eq!(output(&[logits("output_0", 2)], [None, None], 2).unwrap(), "output_0");
        assert_eq!(output(&[logits("vector", 8), logits("out", -1)], [Some("vector"), None], 2).unwrap(), "out");
        let refused = [
            (
                output(&both, [Some("vector"), None], 2),
                "palisade.yaml names the output `vector`, the graph has embedding, logits",
            ),
            (output(&both, [None, None], 3), "the graph gives 2 logits, config.json has 3 labels"),
            (
                output(&[logits("a", 2), logits("b", 2)], [None, None], 2),
                "the graph has no output `logits` (it has a, b)",
            ),
            (
                output(&[outlet("logits", TensorElementType::Float16, [-1, 2])], [None, None], 2),
                "the output `logits` is Tensor<f16>(dyn, 2); export it as float32",
            ),
        ];
        for (outcome, expected) in refused {
            assert_eq!(outcome.unwrap_err(), expected);
        }
    }
}
