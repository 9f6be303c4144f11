import { defineModifier } from 'sluice/plugin'

/** Adds a greeting to JSON objects that have a name. */
export const ModifierRegisterer = defineModifier({
  name: 'greeting',
  create: () => ({
    response: response =>
      response.body.editJson(user => {
        if (typeof user.name === 'string') user.greeting = `Hello, ${user.name}`
      })
  })
})
