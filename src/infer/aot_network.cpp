#include "infer/aot_network.hpp"

#include <ATen/ATen.h>
#include <dlfcn.h>
#include <torch/csrc/inductor/aoti_runner/model_container_runner_cpu.h>

#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "core/error.hpp"
#include "infer/activation_memory.hpp"
#include "infer/private_folder.hpp"
#include "infer/processor.hpp"
#include "infer/stored_archive.hpp"

namespace osler {
namespace fs = std::filesystem;
namespace {

[[noreturn]] void refuse(const std::string& what) {
  throw Error(ErrorCode::model, what, "an AOTInductor package as tools/export/aot writes it",
              "compile it again, or use the package's TorchScript");
}

/// The library of the one model in it, and the operators that it calls by name, if it does.
/// LibTorch's own loader takes a path and unpacks all of it below /tmp, from where a process that
/// is killed does not remove it; and between our reading of a path and its reading, what lies
/// there may change. So what is loaded is written by us, out of the bytes whose digest was
/// checked, where only this user can write, and it is gone again once it is loaded.
fs::path unpack_library(std::span<const std::byte> package, const PrivateFolder& folder) {
  fs::path library;
  for (const StoredFile& file : read_stored_archive(package)) {
    const fs::path name = fs::path(file.name).filename();  // plain: it stays in the folder
    const bool is_library = name.extension() == ".so";
    const bool operators =
        name.extension() == ".json" && !name.string().ends_with("_metadata.json");
    if (!is_library && !operators) continue;
    if (is_library && !library.empty()) refuse("the package holds more than one network");
    const fs::path written = folder.write(name.string(), file.bytes);
    if (is_library) library = written;
  }
  if (library.empty()) refuse("the package holds no compiled network for a processor");
  return library;
}

/// What the compiler links code with; the program itself links the part for the processor alone.
void open_libtorch() {
  static const bool once = [] {
    Dl_info here{};
    if (::dladdr(reinterpret_cast<const void*>(&at::globalContext), &here) == 0) return false;
    const fs::path library = fs::path(here.dli_fname).parent_path() / "libtorch.so";
    return ::dlopen(library.c_str(), RTLD_LAZY | RTLD_GLOBAL) != nullptr;
  }();
  static_cast<void>(once);  // if it cannot be opened, the network's own error names it
}

std::string words(at::IntArrayRef sizes) {
  std::ostringstream out;  // LibTorch brings headers of another fmt
  for (std::size_t i = 0; i < sizes.size(); ++i) out << (i == 0 ? "" : " x ") << sizes[i];
  return out.str();
}

}  // namespace

struct AotNetwork::Library {
  explicit Library(const fs::path& file) : runner(file.string()) {}
  torch::inductor::AOTIModelContainerRunnerCpu runner;
};

AotNetwork::AotNetwork(std::span<const std::byte> package, const at::Device& device,
                       const SessionOptions& options)
    : input_(options.weights.input) {
  if (!device.is_cpu()) {
    throw Error(ErrorCode::device, "the weights are compiled for a processor, not for a GPU", {},
                "use --device cpu, or the package's TorchScript");
  }
  if (input_.empty() || options.weights.processor.empty()) {
    throw Error(ErrorCode::model,
                "compiled weights whose sizes of input or kind of processor are not stated",
                "members 'input' and 'processor' beside 'format' in model.json",
                "state them: they cannot be found out");
  }
  require_processor(options.weights.processor);
  // The code's own check, besides ours; it reads this when it first runs.
  static const int once = ::setenv("AOTI_RUNTIME_CHECK_INPUTS", "1", 0);
  static_cast<void>(once);
  const PrivateFolder folder;
  const fs::path file = unpack_library(package, folder);
  try {
    library_ = std::make_unique<Library>(file);
  } catch (const std::exception& error) {
    if (std::string_view(error.what()).find("libtorch.so") == std::string_view::npos) throw;
    open_libtorch();
    library_ = std::make_unique<Library>(file);
  }
}

AotNetwork::~AotNetwork() = default;

at::Tensor AotNetwork::run(const at::Tensor& x) {
  if (x.sizes() != at::IntArrayRef(input_)) {
    throw Error(ErrorCode::model, "an input of " + words(x.sizes()),
                words(input_) + ", which the weights are compiled for",
                "state it as the window's size, or compile them again");
  }
  const ActivationMemory kept;
  const std::vector<at::Tensor> given = library_->runner.run({x.to(at::kFloat).contiguous()});
  if (given.empty()) refuse("the network gives nothing");
  return given.front();
}

}  // namespace osler
