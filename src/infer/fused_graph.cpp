#include "infer/fused_graph.hpp"

#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/csrc/jit/passes/dead_code_elimination.h>
#include <torch/script.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "infer/cpu_operators.hpp"
#include "infer/norm_operator.hpp"

namespace osler {
namespace {

using torch::jit::Block;
using torch::jit::Graph;
using torch::jit::Node;
using torch::jit::Value;

const auto kConvolution = c10::Symbol::fromQualString(kConvolutionName);
const auto kInstanceNorm = c10::Symbol::fromQualString("osler::instance_norm");
const auto kGroupNorm = c10::Symbol::fromQualString("osler::group_norm");
const auto kGroupNormInPlace = c10::Symbol::fromQualString("osler::group_norm_");
const auto kInstanceNormInPlace = c10::Symbol::fromQualString("osler::instance_norm_");

// ---- what stands in the graph ----

template <typename T>
std::optional<T> constant(const Node* node, const char* name) {
  const Value* value = node->namedInput(name);
  const auto held = torch::jit::toIValue(value);
  return held ? held->to<std::optional<T>>() : std::nullopt;
}

/// A constant float tensor, or None.
struct ConstantTensor {
  bool known = false;
  std::optional<at::Tensor> tensor;
};

ConstantTensor constant_tensor(const Value* value) {
  const auto held = torch::jit::toIValue(value);
  if (!held) return {};
  if (held->isNone()) return {true, std::nullopt};
  if (!held->isTensor() || held->toTensor().scalar_type() != at::kFloat) return {};
  return {true, held->toTensor().contiguous()};
}

/// A ReLU or leaky ReLU that is the only use of `value`, as a slope.
struct Activation {
  Node* node = nullptr;
  double slope = 1;
};

Activation activation_behind(const Value* value) {
  if (value->uses().size() != 1) return {};
  Node* user = value->uses()[0].user;
  if (user->kind() == c10::aten::relu || user->kind() == c10::aten::relu_) return {user, 0};
  if (user->kind() != c10::aten::leaky_relu && user->kind() != c10::aten::leaky_relu_) return {};
  const auto slope = constant<at::Scalar>(user, "negative_slope");
  if (!slope) return {};
  return {user, slope->toDouble()};
}

bool is_convolution(c10::Symbol kind) {
  switch (kind) {
    case c10::aten::_convolution:
    case c10::aten::conv2d:
    case c10::aten::conv3d:
    case c10::aten::conv_transpose2d:
    case c10::aten::conv_transpose3d:
      return true;
    default:
      return kind == kConvolution;
  }
}

/// A convolution's own result that nothing but `size` looks at besides its one consumer.
bool may_overwrite(const Value* value) {
  if (!is_convolution(value->node()->kind())) return false;
  int consumers = 0;
  for (const torch::jit::Use& use : value->uses()) {
    const c10::Symbol kind = use.user->kind();
    if (kind != c10::aten::size && kind != c10::aten::dim) ++consumers;
  }
  return consumers == 1;
}

struct Convolution {
  bool transposed = false;
  at::Tensor weight;
  std::vector<std::int64_t> padding, output_padding, stride, dilation;
  std::int64_t groups = 1;
};

/// What the node says, if it is a convolution of constant weights in 2 or 3 dimensions.
std::optional<Convolution> convolution(const Node* node) {
  Convolution c;
  const bool general = node->kind() == c10::aten::_convolution;
  if (general) {
    const auto transposed = constant<bool>(node, "transposed");
    if (!transposed) return std::nullopt;
    c.transposed = *transposed;
  } else {
    c.transposed =
        node->kind() == c10::aten::conv_transpose2d || node->kind() == c10::aten::conv_transpose3d;
  }
  const ConstantTensor weight = constant_tensor(node->namedInput("weight"));
  const ConstantTensor bias = constant_tensor(node->namedInput("bias"));
  // Padding may also be a word ("same").
  const auto padding = torch::jit::toIValue(node->namedInput("padding"));
  const auto stride = constant<std::vector<std::int64_t>>(node, "stride");
  const auto dilation = constant<std::vector<std::int64_t>>(node, "dilation");
  const auto groups = constant<std::int64_t>(node, "groups");
  const bool known = weight.tensor && bias.known && padding && padding->isIntList() && stride &&
                     dilation && groups;
  if (!known || weight.tensor->dim() < 4 || weight.tensor->dim() > 5) return std::nullopt;
  c.weight = *weight.tensor;
  c.padding = padding->toIntVector();
  c.stride = *stride;
  c.dilation = *dilation;
  c.groups = *groups;
  if (c.transposed) {
    const auto output_padding = constant<std::vector<std::int64_t>>(node, "output_padding");
    if (!output_padding) return std::nullopt;
    c.output_padding = *output_padding;
  }
  return c;
}

bool every(const std::vector<std::int64_t>& values, std::int64_t value) {
  return std::all_of(values.begin(), values.end(), [&](std::int64_t v) { return v == value; });
}

/// A linear map of each voxel's channels, nothing around it.
bool is_pointwise(const Convolution& c) {
  return !c.transposed && c.groups == 1 && c.weight.scalar_type() == at::kFloat &&
         every(c.weight.sizes().slice(2).vec(), 1) && every(c.stride, 1) && every(c.padding, 0);
}

/// Is it what the network returns, and nothing else?
bool is_result(const Value* value) {
  return value->uses().size() == 1 && value->uses()[0].user->kind() == c10::prim::Return &&
         value->node()->owningBlock() == value->owningGraph()->block();
}

std::vector<float> values_of(const at::Tensor& tensor) {
  const at::Tensor dense = tensor.contiguous();
  return {dense.const_data_ptr<float>(), dense.const_data_ptr<float>() + dense.numel()};
}

LastLayer last_layer(const Convolution& c, const ConstantTensor& bias) {
  LastLayer last{values_of(c.weight), {}, c.weight.size(1)};
  if (bias.tensor) last.bias = values_of(*bias.tensor);
  return last;
}

at::Tensor reordered(const Convolution& c) {
  torch::jit::Stack stack{c.weight, c.padding};
  if (c.transposed) stack.emplace_back(c.output_padding);
  for (const c10::IValue& value :
       {c10::IValue(c.stride), c10::IValue(c.dilation), c10::IValue(c.groups), c10::IValue()}) {
    stack.push_back(value);
  }
  c10::Dispatcher::singleton()
      .findSchemaOrThrow(c.transposed ? "mkldnn::_reorder_convolution_transpose_weight"
                                      : "mkldnn::_reorder_convolution_weight",
                         "")
      .callBoxed(stack);
  return stack.at(0).toTensor();
}

// ---- the rewriting ----

class Rewriter {
 public:
  /// @param convolutions or only what is behind them
  Rewriter(Graph& graph, bool convolutions) : graph_(graph), convolutions_(convolutions) {}

  FusedOperators rewrite(Block* block) {
    // An activation that is taken out stands behind its producer, so the next node is safe to hold
    // only after the replacement.
    for (Node* node = block->nodes().front(); node != block->return_node();) {
      for (Block* inner : node->blocks()) rewrite(inner);
      const auto known = replaced(node);
      Node* next = node->next();
      if (known) {
        ++(*known ? operators_.fused : operators_.left);
        if (*known) node->destroy();
      }
      node = next;
    }
    return operators_;
  }

 private:
  /// Nothing if the node is of no kind that is known here.
  std::optional<bool> replaced(Node* node) {
    if (node->kind() == c10::aten::instance_norm) return replace_norm(node);
    if (convolutions_ && node->kind() == c10::aten::group_norm) return replace_group_norm(node);
    if (convolutions_ && is_convolution(node->kind())) return replace_convolution(node);
    return std::nullopt;
  }

  Value* insert(const c10::IValue& value) { return graph_.insertConstant(value); }

  /// Puts a new node before `old` that gives what `old` and the activation behind it gave.
  void put(c10::Symbol kind, const std::vector<Value*>& inputs, Node* old,
           const Activation& activation) {
    Value* output = graph_.insertNode(graph_.create(kind, inputs))->output();
    output->setType(c10::TensorType::get());
    old->output()->replaceAllUsesWith(output);
    if (activation.node == nullptr) return;
    activation.node->output()->replaceAllUsesWith(output);
    activation.node->destroy();
  }

  bool replace_convolution(Node* node) {
    const auto found = convolution(node);
    if (!found) return false;
    const Convolution& c = *found;
    const Activation activation = activation_behind(node->output());
    const torch::jit::WithInsertPoint here(node);
    if (is_pointwise(c) && is_result(node->output())) {
      operators_.last = last_layer(c, constant_tensor(node->namedInput("bias")));
      node->output()->replaceAllUsesWith(node->namedInput("input"));
      return true;
    }
    Node* weight = graph_.insertNode(graph_.create(c10::prim::ConstantMKLDNNTensor));
    weight->t_(c10::attr::value, reordered(c));
    weight->output()->setType(c10::TensorType::get());
    put(kConvolution,
        {node->namedInput("input"), weight->output(), node->namedInput("bias"), insert(c.padding),
         insert(c.output_padding), insert(c.stride), insert(c.dilation), insert(c.groups),
         insert(c.transposed), insert(activation.slope)},
        node, activation);
    return true;
  }

  bool replace_norm(Node* node) {
    const auto statistics = constant<bool>(node, "use_input_stats");
    const auto eps = constant<double>(node, "eps");
    const ConstantTensor weight = constant_tensor(node->namedInput("weight"));
    const ConstantTensor bias = constant_tensor(node->namedInput("bias"));
    if (!statistics || !*statistics || !eps || !weight.known || !bias.known) return false;
    const Activation activation = activation_behind(node->output());
    const torch::jit::WithInsertPoint here(node);
    Value* input = node->namedInput("input");
    put(may_overwrite(input) ? kInstanceNormInPlace : kInstanceNorm,
        {input, insert(weight.tensor), insert(bias.tensor), insert(*eps), insert(activation.slope)},
        node, activation);
    return true;
  }

  bool replace_group_norm(Node* node) {
    const auto groups = constant<std::int64_t>(node, "num_groups");
    const auto eps = constant<double>(node, "eps");
    const ConstantTensor weight = constant_tensor(node->namedInput("weight"));
    const ConstantTensor bias = constant_tensor(node->namedInput("bias"));
    if (!groups || !eps || !weight.known || !bias.known) return false;
    const Activation activation = activation_behind(node->output());
    const torch::jit::WithInsertPoint here(node);
    Value* input = node->namedInput("input");
    put(may_overwrite(input) ? kGroupNormInPlace : kGroupNorm,
        {input, insert(*groups), insert(weight.tensor), insert(bias.tensor), insert(*eps),
         insert(activation.slope)},
        node, activation);
    return true;
  }

  Graph& graph_;
  bool convolutions_;
  FusedOperators operators_;
};

FusedOperators rewrite(torch::jit::Module& frozen, bool convolutions) {
  const std::shared_ptr<Graph> graph = frozen.get_method("forward").graph();
  const FusedOperators operators = Rewriter(*graph, convolutions).rewrite(graph->block());
  torch::jit::EliminateDeadCode(graph);
  return operators;
}

}  // namespace

FusedOperators fuse_for_cpu(torch::jit::Module& frozen) {
  register_cpu_operators();
  register_instance_norm();
  return rewrite(frozen, true);
}

FusedOperators fuse_for_cuda(torch::jit::Module& frozen) {
  register_instance_norm();
  return rewrite(frozen, false);
}

}  // namespace osler
