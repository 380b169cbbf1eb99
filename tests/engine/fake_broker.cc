// The fake broker belongs to tests/client; this program uses it too.
#include "millrace/tests/client/fake_broker.cc"
