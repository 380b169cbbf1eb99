#include "millrace/wire/headers.h"

#include "millrace/wire/describe.h"

namespace millrace::wire {

template const Schema& schema_of<RequestHeader>();
template const Schema& schema_of<ResponseHeader>();

}  // namespace millrace::wire
