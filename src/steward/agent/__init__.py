"""What to do about an alarm: diagnose it, decide by the policy, ask a person where the policy says so.

Everything here is a value; `steward.flows.respond` carries decisions out.
"""
