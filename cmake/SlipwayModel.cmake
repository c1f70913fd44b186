# The micro-benchmarks of the scaling model (bench/model): bench/model/<name>.c becomes
# build/bench/model/<name>; bench/model/model.py runs them.

file(GLOB model_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/bench/model/*.c)
foreach(source ${model_sources})
  get_filename_component(name ${source} NAME_WE)
  slipway_executable(model_${name} bench/model ${source})
  set_target_properties(model_${name} PROPERTIES OUTPUT_NAME ${name})
endforeach()
