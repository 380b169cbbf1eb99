#pragma once
// The DSL: everything a user of the engine includes to write a topology. Names, numbering and
// semantics are Kafka Streams'; what its lambdas may take, and what a null does, is written down in
// lambda.h.
#include "millrace/dsl/builder.h"
#include "millrace/dsl/kgrouped.h"
#include "millrace/dsl/kstream.h"
#include "millrace/dsl/ktable.h"
#include "millrace/dsl/options.h"
#include "millrace/dsl/processor.h"
#include "millrace/dsl/record.h"
#include "millrace/dsl/serde/serde.h"
#include "millrace/dsl/stores.h"
#include "millrace/dsl/windowed.h"
#include "millrace/engine/task/error_handlers.h"
