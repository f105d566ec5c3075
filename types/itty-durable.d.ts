/** The two functions of itty-durable 2.4.1 that Latchkey uses; the package's own types are `any` throughout. */
declare module "itty-durable" {
  interface DurableOptions {
    /** Answer every call with the whole object; off, so that an answer is what the method returns. */
    autoReturn?: boolean;
    /** Save the object after every call; off, presence lives in memory. */
    autoPersist?: boolean;
  }
  export function createDurable(options?: DurableOptions): new (
    state: DurableObjectState,
    env: Env,
  ) => {
    fetch(request: Request): Promise<Response>;
  };
  export function proxyDurable(
    namespace: DurableObjectNamespace,
    options?: { parse?: boolean },
  ): { get(id: string): Record<string, (...values: unknown[]) => Promise<unknown>> };
}
