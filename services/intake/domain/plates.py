"""Number plates of vehicles 机动车号牌 (GA 36): what they begin with."""

PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
"""One character for each province, first on every plate."""
LAST = "警学挂领港澳使试超"
"""What stands last on plates of the police, of learners, trailers, consulates, and the like, in the place of a sign."""
