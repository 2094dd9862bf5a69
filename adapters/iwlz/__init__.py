"""The Wlz-register of the CIZ, as the network model of iWlz publishes it: GraphQL over HTTP, OAuth 2.0, B3 headers.

Sources: GraphQL schemas of the Indicatieregister (version 1.2 and 2, 1.6.4; github iStandaarden/iWlz-indicatie) and the
RFCs of iWlz-RequestForComment. Gemeenten have no access of their own to it: how the hub asks in their name is between
the operator and the CIZ (decision 24).
"""
