// The kernels as a module of Node: plans are made, run and dropped. See ../binding.ts for the other side.
#include <node_api.h>

#include "machine.h"
#include "plan.h"

namespace {

using namespace aenb;

struct Plan {
  Operations operations;
  std::vector<Source> sources;
  long scratch = 0;
  int threads = 1;
};

/** Never freed: its threads may be asleep in it when the process ends. */
Team& team() {
  static Team* team = new Team;
  return *team;
}

napi_value fail(napi_env env, const char* message) {
  napi_throw_error(env, nullptr, message);
  return nullptr;
}

template <class T>
T* dataOf(napi_env env, napi_value array, size_t* length = nullptr) {
  void* data = nullptr;
  size_t count = 0;
  if (napi_get_typedarray_info(env, array, nullptr, &count, &data, nullptr, nullptr) != napi_ok) return nullptr;
  if (length) *length = count;
  return static_cast<T*>(data);
}

void drop(napi_env, void* data, void*) {
  team().settle();
  delete static_cast<Plan*>(data);
}

/** create(words, places, sources, threads): places are arrays of floats, which must outlive the plan */
napi_value create(napi_env env, napi_callback_info info) {
  size_t count = 4;
  napi_value given[4];
  napi_get_cb_info(env, info, &count, given, nullptr, nullptr);
  size_t words = 0;
  const int32_t* code = dataOf<int32_t>(env, given[0], &words);
  uint32_t places = 0;
  int32_t sources = 0, threads = 1;
  napi_get_array_length(env, given[1], &places);
  napi_get_value_int32(env, given[2], &sources);
  napi_get_value_int32(env, given[3], &threads);
  std::vector<float*> addresses(places);
  for (uint32_t i = 0; i < places; i++) {
    napi_value place;
    napi_get_element(env, given[1], i, &place);
    addresses[i] = dataOf<float>(env, place);
  }
  auto plan = std::make_unique<Plan>();
  try {
    plan->sources.resize(sources);
    plan->threads = threads;
    Reader reader(code, (long)words, addresses, plan->sources, threads);
    while (!reader.atEnd()) {
      plan->operations.push_back(reader.operation());
      plan->scratch = std::max(plan->scratch, plan->operations.back()->scratch());
    }
  } catch (const std::exception& error) {
    return fail(env, error.what());
  }
  napi_value handle;
  if (napi_create_external(env, plan.get(), drop, nullptr, &handle) != napi_ok) return fail(env, "no memory for a plan");
  plan.release();
  return handle;
}

Plan* planOf(napi_env env, napi_value handle) {
  void* plan = nullptr;
  napi_get_value_external(env, handle, &plan);
  return static_cast<Plan*>(plan);
}

/** source(plan, index, values, order or undefined, start): where the rows of a batch come from */
napi_value source(napi_env env, napi_callback_info info) {
  size_t count = 5;
  napi_value given[5];
  napi_get_cb_info(env, info, &count, given, nullptr, nullptr);
  Plan* plan = planOf(env, given[0]);
  uint32_t index = 0;
  int64_t start = 0;
  napi_get_value_uint32(env, given[1], &index);
  napi_get_value_int64(env, given[4], &start);
  if (!plan || index >= plan->sources.size()) return fail(env, "no such source of a plan");
  plan->sources[index] = {dataOf<float>(env, given[2]), dataOf<uint32_t>(env, given[3]), start};
  return nullptr;
}

/** preparedFilterSize(geometry, forGradient): floats of a filter that is laid out for convolutions */
napi_value sizeOfPreparedFilter(napi_env env, napi_callback_info info) {
  size_t count = 2;
  napi_value given[2];
  napi_get_cb_info(env, info, &count, given, nullptr, nullptr);
  size_t sizes = 0;
  const int32_t* words = dataOf<int32_t>(env, given[0], &sizes);
  bool forGradient = false;
  napi_get_value_bool(env, given[1], &forGradient);
  Geometry geometry;
  if (sizes * sizeof *words != sizeof geometry) return fail(env, "no geometry");
  std::memcpy(&geometry, words, sizeof geometry);
  const long size = forGradient ? preparedGradientFilterSize(geometry) : preparedFilterSize(geometry);
  napi_value result;
  napi_create_int64(env, size, &result);
  return result;
}

/** run(plan, operations): so many of the first ones */
napi_value run(napi_env env, napi_callback_info info) {
  size_t count = 2;
  napi_value given[2];
  napi_get_cb_info(env, info, &count, given, nullptr, nullptr);
  Plan* plan = planOf(env, given[0]);
  int32_t operations = 0;
  napi_get_value_int32(env, given[1], &operations);
  if (!plan || operations > (int)plan->operations.size()) return fail(env, "no such plan");
  team().run(plan->operations, operations, plan->scratch, plan->threads);
  return nullptr;
}

}  // namespace

namespace aenb {

/** Called by module.cc, which is compiled for any processor. */
napi_value initialize(napi_env env, napi_value exports) {
  const napi_property_descriptor functions[] = {
      {"create", nullptr, create, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"source", nullptr, source, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"preparedFilterSize", nullptr, sizeOfPreparedFilter, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"run", nullptr, run, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
  };
  napi_define_properties(env, exports, sizeof functions / sizeof *functions, functions);
  return exports;
}

}  // namespace aenb
