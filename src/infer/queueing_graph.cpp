#include "infer/queueing_graph.hpp"

#include <torch/csrc/jit/passes/inliner.h>
#include <torch/script.h>

#include <algorithm>
#include <string_view>
#include <unordered_set>

namespace osler {
namespace {

using torch::jit::Block;
using torch::jit::Node;

/// Sizes, lists and complaints, which are the host's.
constexpr std::string_view kOfTheHost[] = {"prim::Constant",    "prim::ListConstruct",
                                           "prim::ListUnpack",  "prim::TupleConstruct",
                                           "prim::TupleUnpack", "prim::TupleIndex",
                                           "prim::If",          "prim::Loop",
                                           "prim::GetAttr",     "prim::RaiseException",
                                           "prim::min",         "prim::max",
                                           "aten::size",        "aten::dim",
                                           "aten::len",         "aten::__getitem__",
                                           "aten::append",      "aten::list",
                                           "aten::reverse",     "aten::format",
                                           "aten::warn"};

/// Tensors in, tensors out, numbers of the host beside them.
constexpr std::string_view kOfTheDevice[] = {
    // layers
    "aten::_convolution", "aten::convolution", "aten::conv1d", "aten::conv2d", "aten::conv3d",
    "aten::conv_transpose1d", "aten::conv_transpose2d", "aten::conv_transpose3d",
    "aten::batch_norm", "aten::instance_norm", "aten::group_norm", "aten::layer_norm",
    "osler::instance_norm", "osler::instance_norm_", "osler::group_norm", "osler::group_norm_",
    "aten::linear", "aten::matmul", "aten::addmm", "aten::bmm", "aten::baddbmm", "aten::dropout",
    "aten::dropout_", "aten::feature_dropout", "aten::feature_dropout_",
    // activations
    "aten::relu", "aten::relu_", "aten::leaky_relu", "aten::leaky_relu_", "aten::prelu",
    "aten::elu", "aten::elu_", "aten::gelu", "aten::silu", "aten::silu_", "aten::sigmoid",
    "aten::sigmoid_", "aten::tanh", "aten::tanh_", "aten::softmax", "aten::log_softmax",
    "aten::hardtanh", "aten::hardtanh_", "aten::clamp", "aten::clamp_", "aten::exp", "aten::log",
    // pooling and resampling
    "aten::max_pool2d", "aten::max_pool3d", "aten::avg_pool2d", "aten::avg_pool3d",
    "aten::adaptive_avg_pool2d", "aten::adaptive_avg_pool3d", "aten::adaptive_max_pool3d",
    "aten::upsample_nearest1d", "aten::upsample_nearest2d", "aten::upsample_nearest3d",
    "aten::upsample_bilinear2d", "aten::upsample_trilinear3d",
    // elements
    "aten::add", "aten::add_", "aten::sub", "aten::sub_", "aten::mul", "aten::mul_", "aten::div",
    "aten::div_", "aten::neg", "aten::pow", "aten::sqrt", "aten::rsqrt", "aten::mean", "aten::sum",
    "aten::floordiv", "aten::floor_divide",
    // comparisons, of numbers or of elements; to branch on a tensor takes aten::Bool, which waits
    "aten::eq", "aten::ne", "aten::lt", "aten::le", "aten::gt", "aten::ge",
    // views and copies
    "aten::cat", "aten::stack", "aten::slice", "aten::select", "aten::narrow", "aten::chunk",
    "aten::split", "aten::split_with_sizes", "aten::unbind", "aten::view", "aten::reshape",
    "aten::flatten", "aten::permute", "aten::transpose", "aten::unsqueeze", "aten::unsqueeze_",
    "aten::squeeze", "aten::expand", "aten::expand_as", "aten::repeat", "aten::flip", "aten::roll",
    "aten::contiguous", "aten::clone", "aten::detach", "aten::pad", "aten::constant_pad_nd",
    "aten::reflection_pad3d", "aten::replication_pad3d"};

bool is_known(std::string_view kind) {
  static const std::unordered_set<std::string_view> known = [] {
    std::unordered_set<std::string_view> all(std::begin(kOfTheHost), std::end(kOfTheHost));
    all.insert(std::begin(kOfTheDevice), std::end(kOfTheDevice));
    return all;
  }();
  return known.contains(kind);
}

bool only_queues(const Block* block) {
  return std::ranges::all_of(block->nodes(), [](const Node* node) {
    return is_known(node->kind().toQualString()) &&
           std::ranges::all_of(node->blocks(), [](const Block* b) { return only_queues(b); });
  });
}

}  // namespace

bool only_queues(const torch::jit::Module& frozen) {
  const auto graph = frozen.get_method("forward").graph()->copy();
  torch::jit::Inline(*graph);
  return only_queues(graph->block());
}

}  // namespace osler
