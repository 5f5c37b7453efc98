#include "dicom/transfer_syntax.hpp"

#include <string>

#include "dicom/pixels.hpp"

namespace osler::dicom {
namespace {

constexpr Encoding kImplicit{false, false};
constexpr Encoding kExplicit{true, false};
constexpr Encoding kBigEndian{true, true};

constexpr TransferSyntax kKnown[] = {
    {"1.2.840.10008.1.2", "Implicit VR Little Endian", kImplicit, false, Codec::none},
    {"1.2.840.10008.1.2.1", "Explicit VR Little Endian", kExplicit, false, Codec::none},
    {"1.2.840.10008.1.2.1.99", "Deflated Explicit VR Little Endian", kExplicit, true, Codec::none},
    {"1.2.840.10008.1.2.2", "Explicit VR Big Endian", kBigEndian, false, Codec::none},
    {"1.2.840.10008.1.2.4.50", "JPEG Baseline", kExplicit, false, Codec::jpeg},
    {"1.2.840.10008.1.2.4.51", "JPEG Extended", kExplicit, false, Codec::jpeg},
    {"1.2.840.10008.1.2.4.57", "JPEG Lossless", kExplicit, false, Codec::jpeg},
    {"1.2.840.10008.1.2.4.70", "JPEG Lossless SV1", kExplicit, false, Codec::jpeg},
    {"1.2.840.10008.1.2.4.80", "JPEG-LS Lossless", kExplicit, false, Codec::jpeg_ls},
    {"1.2.840.10008.1.2.4.81", "JPEG-LS Near-Lossless", kExplicit, false, Codec::jpeg_ls},
    {"1.2.840.10008.1.2.4.90", "JPEG 2000 Lossless", kExplicit, false, Codec::jpeg_2000},
    {"1.2.840.10008.1.2.4.91", "JPEG 2000", kExplicit, false, Codec::jpeg_2000},
    {"1.2.840.10008.1.2.4.201", "HTJ2K Lossless", kExplicit, false, Codec::jpeg_2000},
    {"1.2.840.10008.1.2.4.202", "HTJ2K Lossless RPCL", kExplicit, false, Codec::jpeg_2000},
    {"1.2.840.10008.1.2.4.203", "HTJ2K", kExplicit, false, Codec::jpeg_2000},
    {"1.2.840.10008.1.2.5", "RLE Lossless", kExplicit, false, Codec::rle},
    {"1.2.840.10008.1.2.8.1", "Deflated Image Frame", kExplicit, false, Codec::deflated_frame},
};
constexpr TransferSyntax kUnknown{"", "", kExplicit, false, Codec::other};

}  // namespace

const TransferSyntax& transfer_syntax(std::string_view uid) {
  for (const TransferSyntax& syntax : kKnown) {
    if (syntax.uid == uid) return syntax;
  }
  return kUnknown;
}

std::string transfer_syntax_name(std::string_view uid) {
  const TransferSyntax& syntax = transfer_syntax(uid);
  return std::string(syntax.uid.empty() ? uid : syntax.name);
}

}  // namespace osler::dicom
