#pragma once
// The header of a NIfTI-1 file (nifti1.h of the NIfTI Data Format Working Group, 2007) and its
// affines. Inside the room only.

#include <cstdint>
#include <vector>

#include "volume/verdict.hpp"
#include "volume/volume.hpp"

namespace osler::exchange {

/// Field for field as in nifti1.h, in the byte order of the machine.
struct NiftiHeader {
  std::int32_t sizeof_hdr = 348;
  char data_type[10]{};
  char db_name[18]{};
  std::int32_t extents = 0;
  std::int16_t session_error = 0;
  char regular = 'r';
  char dim_info = 0;
  std::int16_t dim[8]{};
  float intent_p[3]{};
  std::int16_t intent_code = 0;
  std::int16_t datatype = 0;
  std::int16_t bitpix = 0;
  std::int16_t slice_start = 0;
  float pixdim[8]{};
  float vox_offset = 352;
  float scl_slope = 1;
  float scl_inter = 0;
  std::int16_t slice_end = 0;
  char slice_code = 0;
  char xyzt_units = 2;  ///< millimetres
  float cal_max = 0;
  float cal_min = 0;
  float slice_duration = 0;
  float toffset = 0;
  std::int32_t glmax = 0;
  std::int32_t glmin = 0;
  char descrip[80]{};
  char aux_file[24]{};
  std::int16_t qform_code = 0;
  std::int16_t sform_code = 0;
  float quatern[3]{};  ///< b, c, d
  float qoffset[3]{};
  float srow[3][4]{};
  char intent_name[16]{};
  char magic[4]{'n', '+', '1', '\0'};
};
static_assert(sizeof(NiftiHeader) == 348);

/// LPS to RAS or back: the first two axes turn round.
Affine swap_lps_ras(const Affine& affine);

/// Sets sform, pixdim, and the qform if it can hold the affine.
void set_affines(const Grid& grid, NiftiHeader& header);

/// The affine that sform or qform give, LPS; an affine of zeros if there is neither.
Affine affine_of(const NiftiHeader& header);

/// What a reader cannot be sure of in the affine, above all which side is left.
std::vector<Reason> doubts_of_affine(const NiftiHeader& header);

/// Turns the bytes of every field that is read here round.
void swap_bytes(NiftiHeader& header);

}  // namespace osler::exchange
