/*
 * A server: a device's key is placed and bound, then authenticates without a possession check.
 *
 *   server FOLDER
 *
 * The device is played by a vault in the same folder; in life its answers come over the network.
 */
#include <stdio.h>
#include <string.h>

#include <provekeystore.h>

static const uint8_t server_key[32] = {1}; /* in life: from a key management service */
static const uint8_t device_key[32] = {2};
static const char *const origin = "https://shop.example";

static int require(pks_status status, const char *what, const pks_error *error) {
  if (status == PKS_OK) return 1;
  fprintf(stderr, "%s: %s\n", what, error->message);
  return 0;
}

/* First time: no key yet, so possession of the number is checked and a new key is placed. */
static int enrol(pks_registry registry, pks_vault vault, char *device_id) {
  uint8_t challenge[PKS_CHALLENGE_SIZE];
  size_t length = 0;
  char ticket[PKS_TICKET_SIZE];
  PKS_DECLARE(pks_error, error);
  PKS_DECLARE(pks_request, request);
  PKS_DECLARE(pks_decision, decision);
  PKS_DECLARE(pks_key, key);
  PKS_DECLARE(pks_new_key, new_key);
  PKS_DECLARE(pks_possession, possession);
  PKS_DECLARE(pks_registration, registration);

  request.channel = PKS_CHANNEL_MOBILE;
  request.phone_number = "2001004014";
  if (!require(pks_registry_decide(registry, &request, &decision, ticket, sizeof ticket, &error),
               "deciding", &error))
    return 0;
  printf("first: D%u, possession needed (%s)\n", (unsigned)decision.row, decision.reason);

  /* The device makes a key and proves that it has it. */
  if (!require(pks_registry_challenge(registry, challenge, sizeof challenge, &length, &error),
               "challenge", &error) ||
      !require(pks_vault_place_key(vault, PKS_US_UAT, origin, NULL, &key, &error), "key", &error) ||
      !require(pks_vault_offer(vault, PKS_US_UAT, origin, challenge, length, &new_key, &error),
               "offer", &error))
    return 0;

  /* The one-time code was right: the decision takes effect, and the device hears of it. */
  possession.passed = 1;
  possession.phone_number = "2001004014";
  if (!require(pks_registry_complete(registry, ticket, &possession, &new_key, challenge, length,
                                     &registration, &error),
               "completing", &error) ||
      !require(pks_vault_confirm_key(vault, PKS_US_UAT, origin, key.device_id, NULL, &error),
               "confirming", &error))
    return 0;
  strcpy(device_id, registration.device_id);
  return registration.state == PKS_STATE_BOUND;
}

/* From then on: the key is enough. */
static int authenticate(pks_registry registry, pks_vault vault, const char *device_id) {
  uint8_t challenge[PKS_CHALLENGE_SIZE], assertion[PKS_ASSERTION_SIZE];
  size_t length = 0, assertion_length = 0;
  char ticket[PKS_TICKET_SIZE];
  PKS_DECLARE(pks_error, error);
  PKS_DECLARE(pks_request, request);
  PKS_DECLARE(pks_decision, decision);

  if (!require(pks_registry_challenge(registry, challenge, sizeof challenge, &length, &error),
               "challenge", &error) ||
      !require(pks_vault_sign(vault, device_id, challenge, length, assertion, sizeof assertion,
                              &assertion_length, &error),
               "signing", &error))
    return 0;
  request.channel = PKS_CHANNEL_MOBILE;
  request.phone_number = "+12001004014";
  request.assertion = assertion;
  request.assertion_length = assertion_length;
  request.challenge = challenge;
  request.challenge_length = length;
  if (!require(pks_registry_decide(registry, &request, &decision, ticket, sizeof ticket, &error),
               "deciding", &error) ||
      decision.outcome != PKS_AUTHENTICATE ||
      !require(pks_registry_complete(registry, ticket, NULL, NULL, NULL, 0, NULL, &error),
               "completing", &error))
    return 0;
  printf("then: D%u, the key is enough\n", (unsigned)decision.row);
  return 1;
}

int main(int argc, char **argv) {
  char store[1024], vault_path[1024], device_id[PKS_ID_SIZE];
  pks_registry registry = 0;
  pks_vault vault = 0;
  int done = 0;
  PKS_DECLARE(pks_error, error);
  PKS_DECLARE(pks_unlock, unlock);
  PKS_DECLARE(pks_registry_options, options);

  if (argc != 2) {
    fprintf(stderr, "usage: server FOLDER\n");
    return 2;
  }
  snprintf(store, sizeof store, "sqlite:%s/registry.sqlite", argv[1]);
  snprintf(vault_path, sizeof vault_path, "%s/device.vault", argv[1]);
  unlock.method = PKS_METHOD_RAW_KEY;
  unlock.secret = server_key;
  unlock.secret_length = sizeof server_key;
  options.store = store;
  options.unlock = &unlock;
  options.tenant = "shop";
  options.build_config = PKS_US_UAT;
  options.mode = PKS_SHARED;
  if (require(pks_registry_open(&options, &registry, &error), "the registry", &error)) {
    unlock.secret = device_key;
    if (require(pks_vault_open(vault_path, &unlock, NULL, &vault, &error), "the vault", &error)) {
      done = enrol(registry, vault, device_id) && authenticate(registry, vault, device_id);
    }
  }
  done &= require(pks_close(vault, &error), "closing", &error);
  done &= require(pks_close(registry, &error), "closing", &error);
  return done ? 0 : 1;
}
