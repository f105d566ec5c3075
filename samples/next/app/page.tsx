import { createClient } from "@latchkey/client";
import { Learner } from "./learner";

const baseUrl = process.env.NEXT_PUBLIC_LATCHKEY_URL ?? "http://localhost:8787";

/** Asked for with each request: a build needs no Latchkey. */
export const dynamic = "force-dynamic";

/**
 * Rendered on the server, where a key of a service may be used: it is in the environment, and never in the browser.
 * What is one learner's own is asked for in the browser, by `Learner`.
 */
export default async function Page() {
  const client = createClient({ baseUrl, getToken: () => process.env.LATCHKEY_KEY ?? null });
  const course = await client.get("/api/v1/courses/{course}", { path: { course: "algorithms" } });
  return (
    <main>
      <h1>{course.ok ? course.value.title : "A course"}</h1>
      <Learner baseUrl={baseUrl} course="algorithms" />
    </main>
  );
}
