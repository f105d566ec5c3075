declare module "*.css" {}

/** https://www.w3.org/TR/trusted-types/, the parts that the pages use; not every browser has it. */
interface TrustedHTML {
  toString(): string;
}
interface Window {
  readonly trustedTypes?: {
    createPolicy(
      name: string,
      rules: { createHTML: (source: string) => string },
    ): { createHTML(source: string): TrustedHTML };
  };
}
