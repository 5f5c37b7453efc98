#include "dicom/dicom_json.hpp"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctag.h>
#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <map>
#include <memory>
#include <ostream>
#include <set>

#include "core/error.hpp"
#include "dicom/character_set.hpp"
#include "dicom/data_set.hpp"
#include "dicom/json_values.hpp"
#include "dicom/values.hpp"

namespace osler::dicom {
namespace {

constexpr std::uint32_t kSpecificCharacterSet = 0x00080005;
constexpr std::uint32_t kPixelRepresentation = 0x00280103;
constexpr std::uint32_t kPixelData = 0x7FE00010;
constexpr std::uint32_t kItem = 0xFFFEE000;
constexpr std::uint64_t kLongestText = 16 << 20;
constexpr std::size_t kBlockBytes = 48 << 10;  // a multiple of 3 bytes, of every unit, for base64

constexpr std::string_view kTextVrs[] = {"AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT",
                                         "PN", "SH", "ST", "TM", "UC", "UI", "UR", "UT"};
constexpr std::string_view kNumberVrs[] = {"AT", "FL", "FD", "SL", "SS", "SV", "UL", "US", "UV"};
constexpr std::string_view kByteVrs[] = {"OB", "OD", "OF", "OL", "OV", "OW", "UN"};

template <std::size_t N>
bool stands_in(std::string_view vr, const std::string_view (&list)[N]) {
  return std::find(std::begin(list), std::end(list), vr) != std::end(list);
}

/// What holds for a data set, and for the items in it until they say otherwise.
struct Context {
  std::shared_ptr<const CharacterSet> character_set;
  bool is_signed = false;  ///< Pixel Representation
};

class Writer {
 public:
  Writer(const DataSet& data, std::ostream& out, const DicomJsonOptions& options)
      : bytes_(data.bytes()), out_(out), options_(options) {}

  void data_set(ElementReader& elements, Context context, const std::string& path, int depth) {
    std::set<std::uint32_t> seen;
    std::map<std::uint32_t, std::string> creators;
    Element e;
    out_ << '{';
    while (elements.next(e)) {
      const std::string tag = fmt::format("{:08X}", e.tag);
      const bool group_length = (e.tag & 0xFFFF) == 0;
      const bool again = !group_length && !seen.insert(e.tag).second;
      if (again) summary.repeated_paths.push_back(path + tag);
      if (group_length || again) {
        elements.skip(e);
        continue;
      }
      note(e, context, creators);
      const std::string vr = vr_of(e, context, creators);
      out_ << (seen.size() > 1 ? "," : "") << '"' << tag << R"(":{"vr":")" << vr << '"';
      if (vr == "SQ") {
        sequence(elements, e, context, path + tag, depth);
      } else {
        value(elements, e, vr, *context.character_set, path + tag);
        elements.skip(e);
      }
      out_ << '}';
    }
    out_ << '}';
  }

  DicomJsonSummary summary;

 private:
  std::string text_of(const Element& e) {
    if (e.length > kMaxValueBytes) return "";
    std::string text(e.length, '\0');
    bytes_.read(e.offset, std::as_writable_bytes(std::span(text)));
    return text;
  }

  /// Attributes that others hang on.
  void note(const Element& e, Context& context, std::map<std::uint32_t, std::string>& creators) {
    const std::uint32_t group = e.tag >> 16, element = e.tag & 0xFFFF;
    if (e.tag == kSpecificCharacterSet) {
      context.character_set = std::make_shared<CharacterSet>(text_of(e));
    } else if (e.tag == kPixelRepresentation && e.length == 2) {
      const std::string word = text_of(e);
      context.is_signed = word[0] != '\0' || word[1] != '\0';
    } else if (group % 2 == 1 && element >= 0x10 && element <= 0xFF) {
      creators[e.tag] = std::string(trimmed(text_of(e)));
    }
  }

  /// As it stands in the file or, in implicit VR, in DCMTK's dictionary.
  static std::string vr_of(const Element& e, const Context& context,
                           const std::map<std::uint32_t, std::string>& creators) {
    const bool undefined = e.length == kUndefinedLength;
    std::string vr(e.vr.begin(), e.vr.end());
    if (e.vr[0] == 0) {
      const auto group = static_cast<Uint16>(e.tag >> 16), element = static_cast<Uint16>(e.tag);
      const auto creator = creators.find((e.tag & 0xFFFF0000) | (element >> 8));
      const DcmTag tag(group, element,
                       creator == creators.end() ? nullptr : creator->second.c_str());
      switch (tag.getEVR()) {
        case EVR_xs:
          vr = context.is_signed ? "SS" : "US";
          break;
        case EVR_ox:
        case EVR_px:
        case EVR_lt:
          vr = "OW";
          break;
        default:
          vr = tag.getVR().getValidVRName();
      }
      if (group % 2 == 1 && element >= 0x10 && element <= 0xFF) vr = "LO";
    }
    // Only pixel data is of undefined length and no sequence (PS3.5 A.4).
    if (undefined) return e.tag == kPixelData ? (vr == "OW" ? "OW" : "OB") : "SQ";
    if (vr == "SQ" || stands_in(vr, kTextVrs) || stands_in(vr, kNumberVrs)) return vr;
    return stands_in(vr, kByteVrs) ? vr : "UN";
  }

  void sequence(ElementReader& elements, const Element& e, const Context& context,
                const std::string& path, int depth) {
    if (depth >= kMaxSequenceDepth) {
      throw Error(ErrorCode::bad_input, fmt::format("sequences nested more than {} deep", depth));
    }
    int items = 0;
    const auto visit = [&](ElementReader& item) {
      out_ << (items++ == 0 ? R"(,"Value":[)" : ",");
      data_set(item, context, fmt::format("{}/{}/", path, items), depth + 1);
    };
    if (e.vr[0] == 'U' && e.vr[1] == 'N') {
      // Of VR UN with undefined length the content is in implicit VR (PS3.5 6.2.2).
      ElementReader inside(bytes_, e.offset, bytes_.size(), {false, false});
      inside.for_each_item(e, visit);
      elements.skip(e);
    } else {
      elements.for_each_item(e, visit);
    }
    if (items > 0) out_ << ']';
  }

  void value(const ElementReader& elements, const Element& e, const std::string& vr,
             const CharacterSet& set, const std::string& path) {
    if (e.length == 0) return;
    const bool binary = stands_in(vr, kByteVrs);
    const bool compressed = e.length == kUndefinedLength;
    if (compressed || e.length > (binary ? options_.max_inline_bytes : kLongestText)) {
      bulk(path, compressed ? fragment_bytes(elements, e) : e.length);
    } else if (binary) {
      inline_binary(e, unit_bytes(vr), elements.encoding().big_endian);
    } else {
      std::string field(e.length, '\0');
      bytes_.read(e.offset, std::as_writable_bytes(std::span(field)));
      std::string values;
      if (e.tag == kSpecificCharacterSet) {
        values = R"("ISO_IR 192")";
      } else if (stands_in(vr, kTextVrs)) {
        TextNotes notes;
        values = json_text_values(vr, field, set, notes);
        if (notes.any()) summary.odd_texts.push_back({path, notes});
      } else {
        values =
            json_binary_values(vr, std::as_bytes(std::span(field)), elements.encoding().big_endian);
      }
      if (!values.empty()) out_ << R"(,"Value":[)" << values << ']';
    }
  }

  void bulk(const std::string& path, std::uint64_t size) {
    summary.bulk_data.push_back({path, size});
    if (options_.bulk_data_base.empty()) return;
    out_ << R"(,"BulkDataURI":)" << json_string(options_.bulk_data_base + "/" + path);
  }

  /// Of all fragments, without the offset table.
  std::uint64_t fragment_bytes(const ElementReader& elements, const Element& pixels) {
    ElementReader inside(bytes_, pixels.offset, bytes_.size(), elements.encoding());
    Element fragment;
    std::uint64_t size = 0;
    for (bool table = true; inside.next(fragment); table = false) {
      if (fragment.tag != kItem || fragment.length == kUndefinedLength) {
        throw Error(ErrorCode::bad_input, "compressed pixel data has a damaged fragment");
      }
      if (!table) size += fragment.length;
      inside.skip(fragment);
    }
    return size;
  }

  void inline_binary(const Element& e, std::size_t unit, bool big_endian) {
    out_ << R"(,"InlineBinary":")";
    std::vector<unsigned char> block, text(kBlockBytes / 3 * 4 + 1);
    for (std::uint64_t at = 0; at < e.length; at += block.size()) {
      block.resize(std::min<std::uint64_t>(kBlockBytes, e.length - at));
      bytes_.read(e.offset + at, std::as_writable_bytes(std::span(block)));
      if (big_endian && unit > 1) {
        for (std::size_t i = 0; i + unit <= block.size(); i += unit) {
          std::reverse(block.begin() + static_cast<std::ptrdiff_t>(i),
                       block.begin() + static_cast<std::ptrdiff_t>(i + unit));
        }
      }
      const int length = EVP_EncodeBlock(text.data(), block.data(), static_cast<int>(block.size()));
      out_.write(reinterpret_cast<const char*>(text.data()), length);
    }
    out_ << '"';
  }

  ByteSource& bytes_;
  std::ostream& out_;
  const DicomJsonOptions& options_;
};

}  // namespace

DicomJsonSummary write_dicom_json(const std::filesystem::path& file, std::ostream& out,
                                  const DicomJsonOptions& options) {
  const auto data = DataSet::open(file, options.limits);
  if (!data) {
    throw Error(ErrorCode::bad_input, "is no DICOM file", "a DICOM file (PS3.10)");
  }
  Writer writer(*data, out, options);
  ElementReader elements = data->elements();
  writer.data_set(elements, {std::make_shared<CharacterSet>(), false}, "", 0);
  if (!out.flush()) {
    throw Error(ErrorCode::output, "the JSON of a DICOM file cannot be written", {},
                "free disk space");
  }
  return std::move(writer.summary);
}

}  // namespace osler::dicom
