// What is peculiar to products that speak LTI, as tables. docs/operate/lti.md says the same in words.

export const PLATFORM_KINDS = ["canvas", "moodle", "other"] as const;
export type PlatformKind = (typeof PLATFORM_KINDS)[number];

interface Peculiarities {
  /** Origins whose pages frame a launch, beside those of the issuer and of the address of its sign-in. */
  readonly frames: readonly string[];
}

const PECULIARITIES: Readonly<Record<PlatformKind, Peculiarities>> = {
  // Every school of the cloud has one issuer, and pages of its own below this domain.
  canvas: { frames: ["https://*.instructure.com"] },
  // The issuer is the address of the site.
  moodle: { frames: [] },
  other: { frames: [] },
};

/** Origins whose pages may show a launch in a frame, if the operator says none. */
export function usualOrigins(kind: PlatformKind, issuer: string, authUrl: string): string[] {
  const own = [issuer, authUrl].flatMap((address) => {
    const url = URL.parse(address);
    return url !== null && (url.protocol === "https:" || isOwnMachine(url)) ? [url.origin] : [];
  });
  return [...new Set([...own, ...PECULIARITIES[kind].frames])];
}

/** A trial beside the service itself, see LTI_PRIVATE_PLATFORMS in outside.ts. */
const isOwnMachine = ({ protocol, hostname }: URL) =>
  protocol === "http:" && ["127.0.0.1", "localhost"].includes(hostname);

/** The domain below which a product's cloud has all its servers, whatever issuer they share. */
const CLOUDS: Partial<Record<PlatformKind, string>> = { canvas: ".instructure.com" };

/** Whether a server may speak for an issuer: it has its name, or both are of the product's cloud. */
export function isSameSite(kind: PlatformKind, issuer: string, address: string): boolean {
  const [named, asked] = [URL.parse(issuer)?.hostname, URL.parse(address)?.hostname];
  if (named === undefined || asked === undefined) return false;
  const cloud = CLOUDS[kind];
  return named === asked || (cloud !== undefined && named.endsWith(cloud) && asked.endsWith(cloud));
}
