#pragma once

namespace osler::cli {

/// Starts the program again with OMP_WAIT_POLICY=PASSIVE unless the environment has a policy.
///
/// libgomp's threads spin at barriers by default, which on a machine with other work costs more
/// than the work itself (a segmentation of 1.4 s took 14.8 s beside a training run), and it reads
/// the policy before `main`, so setting it from inside is too late. A short wait they do spin
/// through (GOMP_SPINCOUNT), as between two layers of a small network. Returns only if nothing was
/// to do.
void wait_passively(char** argv);

}  // namespace osler::cli
