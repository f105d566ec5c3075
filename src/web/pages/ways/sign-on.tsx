import { useMutation, useQuery } from "@tanstack/react-query";
import type { Answer } from "../../../client/index.ts";
import { request } from "../../api/request.ts";
import { useMessages } from "../../i18n/index.ts";
import { useSignOnText } from "../../i18n/sign-on.ts";
import { keepFlow } from "../../lib/sign-on-memory.ts";
import { FaultNote } from "../../parts/fault.tsx";

type Buttons = Answer<"/api/v1/auth/sign-on", "get">;
type Begun = Answer<"/api/v1/auth/sign-on/{provider}/begin", "post">;

/** A button for each identity provider. */
export function SignOnButtons() {
  const messages = useMessages();
  const text = useSignOnText();
  const buttons = useQuery({
    queryKey: ["sign-on"],
    queryFn: () => request<Buttons>("/auth/sign-on", { signedIn: false }),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const begin = useMutation({
    mutationFn: async (name: string) => {
      const path = `/auth/sign-on/${encodeURIComponent(name)}/begin`;
      const { url, flow } = await request<Begun>(path, { method: "POST", signedIn: false });
      keepFlow(name, flow);
      location.assign(url);
    },
  });
  return (
    <>
      {(buttons.data?.results ?? []).map(({ name, label }) => (
        <button
          key={name}
          type="button"
          className="button"
          aria-disabled={begin.isPending}
          onClick={() => {
            if (!begin.isPending) begin.mutate(name);
          }}
        >
          {begin.isPending && begin.variables === name ? messages.working : text.with(label)}
        </button>
      ))}
      {begin.isError ? <FaultNote fault={begin.error} /> : null}
    </>
  );
}
