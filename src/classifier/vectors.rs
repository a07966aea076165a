//! Vectors of texts: which output of a graph has them, how those of tokens become one, and what is a vector at all.

use ort::session::{HasSelectedOutputs, OutputSelector, RunOptions};
use ort::value::{Outlet, TensorElementType};

/// The outputs that feature-extraction exports have, those with the vector of the whole text first.
const OUTPUTS: [&str; 3] = ["sentence_embedding", "embedding", "last_hidden_state"];
/// Longest vector.
const MAX_WIDTH: usize = 1 << 14;

/// How the vectors of tokens become that of the text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Pooling {
    /// Their mean.
    #[default]
    Mean,
    /// The first token's.
    Cls,
}

/// Where a graph has vectors.
pub(super) struct Source {
    pub(super) output: String,
    pub(super) only_output: RunOptions<HasSelectedOutputs>,
    pooling: Pooling,
}

impl Source {
    /// The named output, or one that feature-extraction exports have. The error says what is missing.
    pub(super) fn find(outputs: &[Outlet], named: Option<&str>, pooling: Pooling) -> Result<Source, String> {
        let with_name = |name: &str| outputs.iter().find(|output| output.name() == name);
        let found = match named {
            Some(name) => with_name(name),
            None => OUTPUTS.into_iter().find_map(with_name),
        };
        let Some(found) = found else {
            let has = outputs.iter().map(Outlet::name).collect::<Vec<_>>().join(", ");
            return Err(match named {
                Some(name) => format!("palisade.yaml names the output `{name}`, the graph has {has}"),
                None => format!(
                    "the graph has no vectors of texts: no output `sentence_embedding` or `embedding` [batch, width], and no \
                     `last_hidden_state` [batch, tokens, width] (it has {has}); export a model for feature extraction, or \
                     name the output in palisade.yaml (`embedding: NAME`)"
                ),
            });
        };
        let rank = found.dtype().tensor_shape().map_or(0, |shape| shape.len());
        if found.dtype().tensor_type() != Some(TensorElementType::Float32) || !matches!(rank, 2 | 3) {
            return Err(format!(
                "the output `{}` is {}; vectors are float32, [batch, width] or [batch, tokens, width]",
                found.name(),
                found.dtype()
            ));
        }
        let only_output = RunOptions::new().map_err(|error| error.to_string())?;
        let only_output = only_output.with_outputs(OutputSelector::no_default().with(found.name()));
        Ok(Source { output: found.name().to_owned(), only_output, pooling })
    }

    /// The vector of a text of so many tokens. There is no padding, so the mask leaves none of them out.
    pub(super) fn pool(&self, shape: &[i64], numbers: &[f32], tokens: usize) -> Result<Vec<f32>, String> {
        let width = shape.last().and_then(|width| usize::try_from(*width).ok()).unwrap_or(0);
        let rows = match shape.len() {
            2 => 1,
            _ => tokens,
        };
        if width == 0 || width > MAX_WIDTH || rows == 0 || numbers.len() != rows * width {
            let expected = format!("one vector, or {tokens}, of at most {MAX_WIDTH} numbers");
            return Err(format!("the output `{}` has the shape {shape:?}: expected {expected}", self.output));
        }
        if rows == 1 || self.pooling == Pooling::Cls {
            return Ok(numbers[..width].to_vec());
        }
        let mut sum = vec![0.0_f32; width];
        for row in numbers.chunks_exact(width) {
            sum.iter_mut().zip(row).for_each(|(sum, number)| *sum += number);
        }
        Ok(sum.into_iter().map(|sum| sum / rows as f32).collect())
    }
}

/// The vector of length one with the same direction. One without a direction is an error of the model.
pub(super) fn unit(vector: Vec<f32>) -> Result<Vec<f32>, String> {
    let length = vector.iter().map(|&number| f64::from(number) * f64::from(number)).sum::<f64>().sqrt();
    if !length.is_finite() || length < 1e-12 {
        return Err("the model gave a vector that has no direction: all zero, or not numbers".to_owned());
    }
    Ok(vector.into_iter().map(|number| (f64::from(number) / length) as f32).collect())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn vectors_have_length_one_or_are_none() {
        assert_eq!(unit(vec![3.0, -4.0]).unwrap(), [0.6, -0.8]);
        assert_eq!(unit(vec![f32::MAX, 0.0]).unwrap(), [1.0, 0.0]);
        for none in [vec![], vec![0.0, 0.0], vec![f32::NAN, 1.0], vec![f32::INFINITY, 1.0], vec![0.0, -0.0]] {
            assert!(unit(none.clone()).is_err(), "{none:?}");
        }
    }
}
