import type { Answer } from "../../../../client/index.ts";

export type Providers = Answer<"/api/v1/identity-providers", "get">;
export type Provider = Providers["results"][number];
