//! One ONNX Runtime session: ids of one window in, scores out. With `runtime.rs`, the only place that names `ort`.
//!
//! One thread a session, one window a run, no padding: a quantised model takes its scale from all it is given, so that
//! whatever else went in would move the scores.

use ort::environment::Environment;
use ort::session::builder::{GraphOptimizationLevel, PrepackedWeights};
use ort::session::{HasSelectedOutputs, OutputSelector, RunOptions, Session};
use ort::value::{Outlet, TensorElementType, TensorRef};

use super::model::{Activation, ModelError, ModelFolder, invalid};
use super::{Classifier, Input};

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
    feeds: Vec<(String, Feed)>,
    output: String,
    only_output: RunOptions<HasSelectedOutputs>,
    activation: Activation,
    labels: usize,
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
        let output = output(session.outputs(), folder.embedding.as_deref(), labels).map_err(refuse)?;
        let only_output = RunOptions::new().map_err(|error| refuse(error.to_string()))?;
        let only_output = only_output.with_outputs(OutputSelector::no_default().with(&output));
        let length = i64::try_from(folder.info.max_length).unwrap_or(i64::MAX);
        let mut onnx = Onnx {
            session,
            feeds,
            output,
            only_output,
            activation: folder.activation,
            labels,
            mask: vec![1; folder.info.max_length],
            types: vec![0; folder.info.max_length],
            positions: (folder.first_position..folder.first_position.saturating_add(length)).collect(),
        };
        onnx.score(&Input { ids: probe, text: "" })
            .map_err(|problem| refuse(format!("a trial run failed: {problem}")))?;
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
    fn score(&mut self, input: &Input<'_>) -> Result<Vec<f32>, String> {
        let length = input.ids.len();
        let too_long = || format!("a window of {length} tokens is longer than the model's {}", self.mask.len());
        let shape = [1, length];
        let mut tensors = Vec::with_capacity(self.feeds.len());
        for (name, feed) in &self.feeds {
            let values = match feed {
                Feed::Ids => Some(input.ids),
                Feed::Mask => self.mask.get(..length),
                Feed::Types => self.types.get(..length),
                Feed::Positions => self.positions.get(..length),
            };
            let values = values.ok_or_else(too_long)?;
            let tensor = TensorRef::from_array_view((shape, values)).map_err(|error| error.to_string())?;
            tensors.push((name.as_str(), tensor));
        }
        let outputs = self.session.run_with_options(tensors, &self.only_output).map_err(|error| error.to_string())?;
        let logits = outputs.get(&self.output).ok_or("the graph gave no logits")?;
        let (_, logits) = logits.try_extract_tensor::<f32>().map_err(|error| error.to_string())?;
        if logits.len() != self.labels {
            return Err(format!("the graph gave {} logits, config.json has {} labels", logits.len(), self.labels));
        }
        let mut scores = logits.to_vec();
        self.activation.apply(&mut scores);
        Ok(scores)
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

/// The output with the logits: the one of that name, else the only one that isn't the sentence vector.
fn output(outputs: &[Outlet], embedding: Option<&str>, labels: usize) -> Result<String, String> {
    let names = || outputs.iter().map(Outlet::name).collect::<Vec<_>>().join(", ");
    if let Some(embedding) = embedding
        && !outputs.iter().any(|output| output.name() == embedding)
    {
        return Err(format!("palisade.yaml names the output `{embedding}`, the graph has {}", names()));
    }
    let named = outputs.iter().find(|output| output.name() == "logits");
    let mut others = outputs.iter().filter(|output| Some(output.name()) != embedding);
    let ((Some(logits), ..) | (None, Some(logits), None)) = (named, others.next(), others.next()) else {
        return Err(format!("the graph has no output `logits` (it has {})", names()));
    };
    if logits.dtype().tensor_type() != Some(TensorElementType::Float32) {
        return Err(format!("the output `{}` is {}; export it as float32", logits.name(), logits.dtype()));
    }
    let last = logits.dtype().tensor_shape().and_then(|shape| shape.last().copied());
    match last.and_then(|n| usize::try_from(n).ok()) {
        Some(n) if n != labels => Err(format!("the graph gives {n} logits, config.json has {labels} labels")),
        _ => Ok(logits.name().to_owned()),
    }
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
        assert_eq!(output(&both, Some("embedding"), 2).unwrap(), "logits");
        assert_eq!(output(&[logits("output_0", 2)], None, 2).unwrap(), "output_0");
        assert_eq!(output(&[logits("vector", 8), logits("out", -1)], Some("vector"), 2).unwrap(), "out");
        let refused = [
            (
                output(&both, Some("vector"), 2),
                "palisade.yaml names the output `vector`, the graph has embedding, logits",
            ),
            (output(&both, None, 3), "the graph gives 2 logits, config.json has 3 labels"),
            (output(&[logits("a", 2), logits("b", 2)], None, 2), "the graph has no output `logits` (it has a, b)"),
            (
                output(&[outlet("logits", TensorElementType::Float16, [-1, 2])], None, 2),
                "the output `logits` is Tensor<f16>(dyn, 2); export it as float32",
            ),
        ];
        for (outcome, expected) in refused {
            assert_eq!(outcome.unwrap_err(), expected);
        }
    }
}
