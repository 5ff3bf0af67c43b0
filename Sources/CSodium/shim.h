// libsodium as it stands; nothing of it needs a shim.
#include <sodium.h>
