"""A request becomes a prediction and a record of it, without any transport.

`request` says what a row may hold and turns rows into a frame, `refusal` explains what is wrong with one,
`service` answers with the model of the moment, and `log` keeps every answer before it is given.
"""
