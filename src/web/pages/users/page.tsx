import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useDeferredValue, useState } from "react";
import type { Answer } from "../../../client/index.ts";
import { request } from "../../api/request.ts";
import { useAccountText } from "../../i18n/account.ts";
import { FaultNote, Loading } from "../../parts/fault.tsx";
import { Page } from "../../parts/page.tsx";
import { useHasRole } from "../../session/hooks.ts";

import { ForbiddenPage } from "../not-found.tsx";
import { CreateUser } from "./create.tsx";
import { ROLES } from "./roles.ts";
import { UserRow } from "./row.tsx";

type Users = Answer<"/api/v1/users", "get">;

const usersKey = ["users"] as const;

/** Everybody who has an account: found, made, changed, suspended, erased. */
export default function UsersPage() {
  const text = useAccountText();
  const client = useQueryClient();
  const isAdmin = useHasRole("admin");
  const [filter, setFilter] = useState({ search: "", role: "", banned: "" });
  const asked = useDeferredValue(filter);
  const search = asked.search.trim();
  const users = useInfiniteQuery({
    queryKey: [...usersKey, search, asked.role, asked.banned],
    queryFn: ({ pageParam }) =>
      request<Users>("/users", {
        query: {
          limit: 50,
          search: search.length < 2 ? undefined : search,
          role: asked.role === "" ? undefined : asked.role,
          banned: asked.banned === "" ? undefined : asked.banned,
          cursor: pageParam ?? undefined,
        },
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: (before) => before,
    enabled: isAdmin,
  });
  if (!isAdmin) return <ForbiddenPage />;
  const rows = users.data?.pages.flatMap(({ results }) => results) ?? [];
  const again = () => void client.invalidateQueries({ queryKey: usersKey });
  return (
    <Page title={text.users} lead={<p>{text.usersLead}</p>} wide>
      <CreateUser onDone={again} />
      <search className="filters">
        <label className="field is-wide">
          <span className="visually-hidden">{text.search}</span>
          <input
            type="search"
            placeholder={text.search}
            maxLength={100}
            value={filter.search}
            onChange={(event) => setFilter({ ...filter, search: event.target.value })}
          />
        </label>
        <label className="field">
          <span className="visually-hidden">{text.role}</span>
          <select value={filter.role} onChange={(event) => setFilter({ ...filter, role: event.target.value })}>
            <option value="">{text.anyRole}</option>
            {ROLES.map((role) => (
              <option key={role} value={role}>
                {text.roles(role)}
              </option>
            ))}
          </select>
        </label>
        <label className="field">
          <span className="visually-hidden">{text.state}</span>
          <select value={filter.banned} onChange={(event) => setFilter({ ...filter, banned: event.target.value })}>
            <option value="">{text.anyState}</option>
            <option value="false">{text.active}</option>
            <option value="true">{text.suspended}</option>
          </select>
        </label>
      </search>
      {users.isPending ? <Loading /> : null}
      {users.isError ? <FaultNote fault={users.error} retry={() => void users.refetch()} /> : null}
      {users.isSuccess && rows.length === 0 ? <p>{text.nobody}</p> : null}
      <ul className="user-rows">
        {rows.map((user) => (
          <UserRow key={user.id} user={user} onDone={again} />
        ))}
      </ul>
      {users.hasNextPage ? (
        <button type="button" className="button" onClick={() => void users.fetchNextPage()}>
          {text.more}
        </button>
      ) : null}
    </Page>
  );
}
