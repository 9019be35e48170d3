/** The superadmin of every test server; their workspace is on the Agency plan. */
export const OWNER = { email: 'owner@example.com', password: 'a horse, a battery, a staple' }
