import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useLocation } from "wouter";
import type { Answer } from "../../client/index.ts";
import { isRefusal } from "../api/problem.ts";
import { request } from "../api/request.ts";
import { useLanguage } from "../i18n/index.ts";
import { usePeopleText } from "../i18n/people.ts";
import { FaultNote, Loading } from "../parts/fault.tsx";
import { Page } from "../parts/page.tsx";
import { useUser } from "../session/hooks.ts";
import { SignInPage } from "./sign-in.tsx";

type Seen = Answer<"/api/v1/invitations/look-up", "post">;
type Accepted = Answer<"/api/v1/invitations/accept", "post">;

/** What a link invites to. Whoever has it signs in or makes an account, and joins. */
export default function InvitePage({ token }: { token: string }) {
  const text = usePeopleText();
  const language = useLanguage();
  const user = useUser();
  const client = useQueryClient();
  const [, go] = useLocation();
  const seen = useQuery({
    queryKey: ["invitation", token, language],
    queryFn: () =>
      request<Seen>("/invitations/look-up", {
        method: "POST",
        body: { token },
        query: { lang: language },
        signedIn: false,
      }),
  });
  const join = useMutation({
    mutationFn: () => request<Accepted>("/invitations/accept", { method: "POST", body: { token } }),
    onSuccess: async ({ course }) => {
      await client.resetQueries();
      go(`/courses/${course}`);
    },
  });
  if (isRefusal(seen.error, "invitation_invalid") || isRefusal(seen.error, "invalid_input")) {
    return (
      <Page title={text.inviteGone} lead={<p>{text.inviteGoneText}</p>}>
        <Link className="button" href="/courses">
          OK
        </Link>
      </Page>
    );
  }
  const title = seen.data?.title ?? "";
  return (
    <>
      <Page title={text.inviteTitle} lead={seen.data === undefined ? undefined : <p>{text.inviteLead(title)}</p>}>
        {seen.isPending ? <Loading /> : null}
        {seen.isError ? <FaultNote fault={seen.error} retry={() => void seen.refetch()} /> : null}
        {user === null ? <p>{text.inviteSignIn}</p> : null}
        {user !== null && seen.data !== undefined ? (
          <>
            <p>{text.inviteAs(user.name)}</p>
            <button
              type="button"
              className="button is-primary"
              aria-disabled={join.isPending}
              onClick={() => {
                if (!join.isPending) join.mutate();
              }}
            >
              {text.inviteJoin}
            </button>
          </>
        ) : null}
        {join.isError ? <FaultNote fault={join.error} /> : null}
      </Page>
      {user === null && seen.data !== undefined ? <SignInPage /> : null}
    </>
  );
}
