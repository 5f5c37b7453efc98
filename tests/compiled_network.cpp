// A library as AOTInductor compiles one, small enough to be written by hand: x * OSLER_FACTOR + 1.
// It lets tests load compiled networks where there is no Python to compile one.

#include <ATen/ATen.h>
#include <torch/csrc/inductor/aoti_runtime/interface.h>

namespace {

int container = 0;

at::Tensor* tensor(AtenTensorHandle handle) {
  return reinterpret_cast<at::Tensor*>(handle);
}

AOTIRuntimeError run(AtenTensorHandle* inputs, AtenTensorHandle* outputs) {
  at::Tensor* x = tensor(inputs[0]);
  outputs[0] = reinterpret_cast<AtenTensorHandle>(new at::Tensor(*x * OSLER_FACTOR + 1));
  delete x;  // handles are stolen
  return 0;
}

}  // namespace

extern "C" {

AOTIRuntimeError AOTInductorModelContainerCreateWithDevice(AOTInductorModelContainerHandle* handle,
                                                           size_t, const char*, const char*) {
  *handle = reinterpret_cast<AOTInductorModelContainerHandle>(&container);
  return 0;
}
AOTIRuntimeError AOTInductorModelContainerDelete(AOTInductorModelContainerHandle) {
  return 0;
}
AOTIRuntimeError AOTInductorModelContainerRun(AOTInductorModelContainerHandle,
                                              AtenTensorHandle* inputs, size_t,
                                              AtenTensorHandle* outputs, size_t,
                                              AOTInductorStreamHandle, AOTIProxyExecutorHandle) {
  return run(inputs, outputs);
}
AOTIRuntimeError AOTInductorModelContainerRunSingleThreaded(AOTInductorModelContainerHandle,
                                                            AtenTensorHandle* inputs, size_t,
                                                            AtenTensorHandle* outputs, size_t,
                                                            AOTInductorStreamHandle,
                                                            AOTIProxyExecutorHandle) {
  return run(inputs, outputs);
}
AOTIRuntimeError AOTInductorModelContainerGetNumOutputs(AOTInductorModelContainerHandle,
                                                        size_t* outputs) {
  *outputs = 1;
  return 0;
}
AOTIRuntimeError AOTInductorModelContainerGetNumConstants(AOTInductorModelContainerHandle,
                                                          size_t* constants) {
  *constants = 0;
  return 0;
}
AOTIRuntimeError AOTInductorModelContainerGetConstantName(AOTInductorModelContainerHandle, size_t,
                                                          const char**) {
  return 1;
}
AOTIRuntimeError AOTInductorModelContainerGetConstantOriginalFQN(AOTInductorModelContainerHandle,
                                                                 size_t, const char**) {
  return 1;
}
AOTIRuntimeError AOTInductorModelContainerGetConstantDtype(AOTInductorModelContainerHandle, size_t,
                                                           int32_t*) {
  return 1;
}
AOTIRuntimeError AOTInductorModelContainerUpdateConstantBuffer(AOTInductorModelContainerHandle,
                                                               AOTInductorConstantMapHandle, bool,
                                                               bool) {
  return 1;
}
AOTIRuntimeError AOTInductorModelContainerUpdateInactiveConstantBuffer(
    AOTInductorModelContainerHandle, AOTInductorConstantMapHandle) {
  return 1;
}
AOTIRuntimeError AOTInductorModelContainerRunConstantFolding(AOTInductorModelContainerHandle, bool,
                                                             AOTInductorStreamHandle,
                                                             AOTIProxyExecutorHandle) {
  return 1;
}
AOTIRuntimeError AOTInductorModelContainerSwapConstantBuffer(AOTInductorModelContainerHandle) {
  return 1;
}
AOTIRuntimeError AOTInductorModelContainerGetCallSpec(AOTInductorModelContainerHandle,
                                                      const char** in, const char** out) {
  *in = *out = "";
  return 0;
}
AOTIRuntimeError AOTInductorModelContainerFreeInactiveConstantBuffer(
    AOTInductorModelContainerHandle) {
  return 1;
}
AOTIRuntimeError AOTInductorModelContainerExtractConstantsMap(AOTInductorModelContainerHandle,
                                                              AOTInductorConstantMapHandle, bool) {
  return 1;
}
AOTIRuntimeError AOTInductorModelContainerUpdateUserManagedConstantBuffer(
    AOTInductorModelContainerHandle, AOTInductorConstantMapHandle, bool, bool) {
  return 1;
}
AOTIRuntimeError AOTInductorModelContainerGetConstantsBlobSize(AOTInductorModelContainerHandle,
                                                               uint64_t*) {
  return 1;
}
AOTIRuntimeError AOTInductorModelUpdateConstantsFromBlob(AOTInductorModelContainerHandle,
                                                         const uint8_t*) {
  return 1;
}
}
