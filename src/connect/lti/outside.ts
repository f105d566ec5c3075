import { type AddressCheck, addressFault, type Resolve, resolveOverHttps } from "../../platform/http/outbound.ts";

/** How servers of platforms are reached. */
export interface Outside {
  check: AddressCheck;
  resolve: Resolve;
}

const PUBLIC: Outside = { check: addressFault, resolve: resolveOverHttps };

/** A platform on the operator's own machine: any address of the web. */
const TRIAL: Outside = {
  check: (address) => {
    const protocol = URL.parse(address)?.protocol;
    return protocol === "http:" || protocol === "https:"
      ? null
      : { rule: "invalid_url", message: "This is no address of the web." };
  },
  // Names are the machine's own: nobody else is asked about them. Any public address passes the check of what they lead to.
  resolve: async () => ["1.1.1.1"],
};

/**
 * Addresses of the public network, over https. An installation on somebody's own machine may say that it tries out a platform
 * which runs there too: LTI_PRIVATE_PLATFORMS is `on`. Everywhere else the variable says nothing.
 */
export function outside(env: Env): Outside {
  return env.ENVIRONMENT === "local" && Reflect.get(env, "LTI_PRIVATE_PLATFORMS") === "on" ? TRIAL : PUBLIC;
}
