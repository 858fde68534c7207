use anyhow::Result;

/// Something that is measured once in each round.
pub(crate) type Side<'a> = Box<dyn FnMut() -> Result<f64> + 'a>;

/// Measures all sides in turn, round after round, so that disturbances of the machine affect all.
/// Returns the figures of each side, by round.
pub(crate) fn interleave<const N: usize>(
    rounds: usize,
    mut sides: [Side<'_>; N],
) -> Result<[Vec<f64>; N]> {
    let mut figures = [const { Vec::new() }; N];
    for _ in 0..rounds {
        for (side, figures) in sides.iter_mut().zip(&mut figures) {
            figures.push(side()?);
        }
    }
    Ok(figures)
}
