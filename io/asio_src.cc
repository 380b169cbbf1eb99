// Asio, compiled once for the whole project (BOOST_ASIO_SEPARATE_COMPILATION stands on the command
// line).
#include <boost/asio/impl/src.hpp>
